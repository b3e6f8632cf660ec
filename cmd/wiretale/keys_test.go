package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wiretale/wiretale/internal/fixture/smb3"
	"github.com/wiretale/wiretale/proto/smb2"
)

// TestKeys opens a capture with keys, and says why where it cannot.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := smb3.Meet(0x0311, smb2.AES256GCM, 1, fixtureKey)
	read := smb3.Plain(smb2.Read, 0, 0, 9, smb3.Body(49, 49, map[int]uint32{2: 80, 4: 4096, 8: 65536}))
	sealed := smb3.Message{Bytes: s.Encrypt(0, read)}
	damaged := smb3.Message{Bytes: s.Encrypt(0, smb3.Chained(200, smb3.Payload(smb2.Uncompressed, true, read)))}
	whole := recorded(t, "whole", append(s.Setup, sealed, damaged))
	midway := recorded(t, "midway", []smb3.Message{sealed})
	dir := t.TempDir()
	keys := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := keys("good", sessionKeys[4]+"\n")
	other := keys("other", "SMB2_SESSION_KEY 0x1122 ffffffffffffffffffffffffffffffff\n")
	bad := keys("bad", "SMB2_SESSION_KEY 0x1122 secret\n")
	const opened, damage = "Decrypted SMB3;Read Request Len:4096 Off:65536", "compressed message at byte 129: has 113 bytes of the 200 that it says"
	for _, c := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"packets", whole}, 0, "Encrypted SMB3", ""},
		{[]string{"packets", "-v", whole}, 0, "Encrypted SMB3", "SMB3 session 0x0000000000001122: 2 messages not decrypted, the first in record 10: no key was given for this session\n"},
		{[]string{"packets", "--keys", good, whole}, 0, opened, "SMB3 session 0x0000000000001122: 2 messages decrypted, the first in record 10\n"},
		{[]string{"packets", "--keys", good, "-Y", "smb2.cmd == 8", "-T", "fields", "-e", "frame.number", "-e", "smb2.file_offset", whole}, 0, "10\t65536\n11\t65536\n", "2 messages decrypted"},
		{[]string{"packets", "-q", "--keys", good, "-Y", "smb3.damaged", "-T", "fields", "-e", "smb3.damaged", whole}, 0, damage + "\n", ""},
		{[]string{"packets", "--keys", other, whole}, 0, "Encrypted SMB3", "2 messages not decrypted, the first in record 10: the tag is wrong: another key, or a damaged message\n"},
		{[]string{"packets", "--keys", good, midway}, 0, "Encrypted SMB3", "the negotiation was not captured whole, and the keys of SMB 3.1.1 are derived from it\n"},
		{[]string{"packets", "-q", "--keys", other, "-Y", "smb3.closed contains \"tag\"", whole}, 0, "Encrypted SMB3", ""},
		{[]string{"info", "--keys", good, whole}, 0, "  encrypted     SMB3 session 0x0000000000001122: 2 messages decrypted, the first in record 10\n", ""},
		{[]string{"show", "--keys", good, whole, "10"}, 0, "bytes 0-112, in what was decrypted, message 1", ""},
		{[]string{"show", "--keys", good, whole, "11"}, 0, "Not decompressed (smb3.damaged): " + damage, ""},
		{[]string{"packets", "--keys", bad, whole}, 2, "", "bad, line 1: the key is not 1 to 64 bytes in hex"},
		{[]string{"packets", "--keys", filepath.Join(dir, "none"), whole}, 2, "", "no such file"},
	} {
		var out, errs strings.Builder
		code := run(t.Context(), c.args, strings.NewReader(""), &out, &errs)
		if code != c.code || !strings.Contains(out.String(), c.stdout) || !strings.Contains(errs.String(), c.stderr) || c.stderr == "" && errs.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s\n%s\nwant %d, %q and %q", strings.Join(c.args, " "), code, out.String(), errs.String(), c.code, c.stdout, c.stderr)
		}
		if all := out.String() + errs.String(); strings.Contains(all, "0102030405") || strings.Contains(all, "ffffffff") || strings.Contains(all, "secret") {
			t.Errorf("%s prints a key", strings.Join(c.args, " "))
		}
	}
}
