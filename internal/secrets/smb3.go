package secrets

import (
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wiretale/wiretale/proto/smb2"
)

// labels are the kinds of secrets of lines of the form LABEL ID KEY, as key logs of TLS have it. The id is that of a session of SMB3.
var labels = []string{smb2.SecretSession, smb2.SecretRequests, smb2.SecretAnswers}

// labelled takes a line LABEL ID KEY.
func (s *Store) labelled(line string, from place) (detail string) {
	words := strings.Fields(line)
	switch {
	case !slices.Contains(labels, words[0]):
		return "neither a line of a key log of TLS nor one that begins with one of " + strings.Join(labels, ", ")
	case len(words) != 3:
		return fmt.Sprintf("%d words behind the label, want the id of the session and the key", len(words)-1)
	}
	id, ok := sessionID(words[1])
	if !ok {
		return wantID
	}
	return s.key(words[0], id, words[2], from)
}

// sessionRow takes a row of Wireshark's table smb2_seskey_list: the session's id and key, and the keys to decrypt what the server and the client send.
func (s *Store) sessionRow(line string, from place) (detail string) {
	r := csv.NewReader(strings.NewReader(line))
	r.TrimLeadingSpace = true
	row, err := r.Read()
	switch {
	case err != nil:
		return "not a row of commas and quotes"
	case len(row) != 2 && len(row) != 4:
		return fmt.Sprintf("%d columns, want the id of a session, its key, and maybe the keys to decrypt what the server and the client send", len(row))
	}
	id, ok := sessionID(row[0])
	if !ok {
		return wantID
	}
	kinds := []string{smb2.SecretSession, smb2.SecretAnswers, smb2.SecretRequests}
	found := false
	for i, text := range row[1:] {
		if text == "" {
			continue
		}
		if detail := s.key(kinds[i], id, text, from); detail != "" {
			return detail
		}
		found = true
	}
	if !found {
		return "no key for the session"
	}
	return ""
}

const wantID = "the id of the session is not 8 bytes in hex as on the wire, nor a number that begins with 0x"

// sessionID reads the id of a session: its bytes as they are on the wire, or the number that they are.
func sessionID(text string) ([]byte, bool) {
	if number, ok := strings.CutPrefix(text, "0x"); ok {
		id, err := strconv.ParseUint(number, 16, 64)
		return binary.LittleEndian.AppendUint64(nil, id), err == nil
	}
	id, ok := bytesOf(text, 8)
	return id, ok && len(id) == 8
}

// maxKey bounds the length of a key in bytes: Kerberos has none longer.
const maxKey = 64

func (s *Store) key(kind string, id []byte, text string, from place) (detail string) {
	key, ok := bytesOf(text, maxKey)
	switch {
	case !ok:
		return fmt.Sprintf("the key is not 1 to %d bytes in hex", maxKey)
	case kind != smb2.SecretSession && len(key) != 16 && len(key) != 32:
		return fmt.Sprintf("a key to decrypt with has 16 or 32 bytes, not %d", len(key))
	}
	s.add(kind, id, key, from)
	return ""
}
