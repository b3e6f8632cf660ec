package smb2

import (
	"github.com/wiretale/wiretale/field"
)

// What the note of a layer has.
const (
	noteFlags   = iota // flags, and from shareShift on the type of the share, the class and the level of what is answered
	noteTree           // frame of the response to TREE_CONNECT, 0 when it was not seen
	noteSession        // frame of the response that ended the set-up of the session, 0 when it was not seen
	noteCredits        // 1 more than the credits that the client holds behind the message, 0 when they are not known
)

// Flags of a note.
const (
	noteNamed = 1 << iota // the first of the texts is the name of the file that the message's file id stands for
	noteInfo              // class and level are those of the request
	noteFind              // the level and the pattern are those of the request
)

const (
	shareShift = 8
	classShift = 16
	levelShift = 24
)

// The texts of a layer.
const (
	TextFile = iota // the name of the file, without the share
	TextTree        // the path of the share
	TextAccount
	TextDomain
	TextHost
	TextPattern // of a QUERY_DIRECTORY
	textCount
)

// withText are the texts of a session and a tree, with one of them set.
func withText(texts []string, which int, text string) []string {
	all := make([]string, textCount)
	copy(all, texts)
	all[which] = text
	return all
}

// Known is what the connection says of a message.
type Known struct {
	Named  bool // File is the name of the file that the message's file id stands for; it may be "", the root of the share
	File   string
	Answer bool // Class and Level are those of the request that a response to QUERY_INFO answers
	Class  uint8
	Level  uint8
	Found  bool // Level and Pattern are those of the request that a response to QUERY_DIRECTORY answers
	Find   string
	// Credits are those that the client holds behind the message, -1 when they are not known.
	Credits int
}

// KnownOf reads the note and the texts of a layer.
func KnownOf(n *field.Note, texts []string) Known {
	flags := n[noteFlags]
	k := Known{Named: flags&noteNamed != 0, Answer: flags&noteInfo != 0, Found: flags&noteFind != 0,
		Class: uint8(flags >> classShift), Level: uint8(flags >> levelShift), Credits: int(n[noteCredits]) - 1}
	if len(texts) == textCount {
		k.File, k.Find = texts[TextFile], texts[TextPattern]
	}
	return k
}

// told is a number of the note, a field of the header.
func told(f field.Field, get func(n *field.Note, b []byte) (uint64, bool), derived string) field.Field {
	f.Find, f.Off, f.Len, f.Derived = nil, 0, 0, derived
	f.Noted = func(b []byte, n *field.Note, yield func(field.Span, field.Value) bool) {
		if v, ok := get(n, b); ok {
			yield(field.Span{}, field.U(v))
		}
	}
	return f
}

// treeText and userText are texts of the tree and of the session.
func treeText(name, title string) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Derived: fromTree, Told: func(_ []byte, n *field.Note, texts []string, yield func(field.Value) bool) {
		if n[noteTree] != 0 {
			yield(field.S(texts[TextTree]))
		}
	}}
}

func userText(name, title string, which int) field.Field {
	return field.Field{Name: name, Title: title, Type: field.String, Derived: fromSession, Told: func(_ []byte, _ *field.Note, texts []string, yield func(field.Value) bool) {
		if texts[TextAccount] != "" || texts[TextDomain] != "" || texts[TextHost] != "" {
			yield(field.S(texts[which]))
		}
	}}
}

const (
	fromTree    = "from the TREE_CONNECT of the tree"
	fromSession = "from the SESSION_SETUP of the session"
	fromRequest = "from the request that the message answers"
)

// frameOf is a number of the note that is none when it is 0.
func frameOf(which int) func(n *field.Note, _ []byte) (uint64, bool) {
	return func(n *field.Note, _ []byte) (uint64, bool) { return n[which], n[which] != 0 }
}

func shareType(n *field.Note, _ []byte) (uint64, bool) {
	kind := n[noteFlags] >> shareShift & 0xff
	return kind, kind != 0
}

// answered is the level of what a response answers, of one class.
func answered(class uint8) func(n *field.Note, _ []byte) (uint64, bool) {
	return func(n *field.Note, _ []byte) (uint64, bool) {
		return n[noteFlags] >> levelShift & 0xff, n[noteFlags]&noteInfo != 0 && uint8(n[noteFlags]>>classShift) == class
	}
}

// userFields are what the session says of a message.
var userFields = []field.Field{
	userText("smb2.acct", "Account", TextAccount),
	userText("smb2.domain", "Domain", TextDomain),
	userText("smb2.host", "Host", TextHost),
	told(dec("smb2.auth_frame", "Authenticated in Frame", 0, 4), frameOf(noteSession), fromSession),
}

// stateFields are what the tree and the request say of a message.
var stateFields = []field.Field{
	treeText("smb2.tree", "Tree"),
	named(told(hex("smb2.share_type", "Share Type", 0, 1), shareType, fromTree)),
	told(dec("smb2.tcon_frame", "Connected in Frame", 0, 4), frameOf(noteTree), fromTree),
	named(told(hex("smb2.class", "Class", 0, 1), func(n *field.Note, _ []byte) (uint64, bool) {
		return n[noteFlags] >> classShift & 0xff, n[noteFlags]&noteInfo != 0
	}, fromRequest)),
	named(told(hex("smb2.file_info.infolevel", "InfoLevel", 0, 1), answered(FileInfo), fromRequest)),
	named(told(hex("smb2.fs_info.infolevel", "InfoLevel", 0, 1), answered(FSInfo), fromRequest)),
	named(told(hex("smb2.sec_info.infolevel", "InfoLevel", 0, 1), answered(SecurityInfo), fromRequest)),
}
