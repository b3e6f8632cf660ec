package redact

import (
	"bytes"
	"regexp"
	"strings"
)

// credentials are words of which one is in the names of what lets somebody in: parameters, members of JSON, elements of XML, header fields.
const credentials = `pass(?:wor[dt]|wd|phrase)|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|assertion|session[_-]?id|sess(?:ion)?id|otp|saml(?:request|response)|signature`

// short are names that are such only as a whole, in URLs and forms: of codes and keys of OAuth and of signed URLs, and what forms call a password.
const short = `pass|pw|code|auth|sid|pin|sig|key|session|jwt|ticket`

var (
	secretWord = regexp.MustCompile(`(?i)` + credentials)
	shortName  = regexp.MustCompile(`(?i)^(?:` + short + `)$`)
	inJSON     = regexp.MustCompile(`(?i)"[^"\\]{0,64}(?:` + credentials + `)[^"\\]{0,64}"\s*:\s*"((?:[^"\\]|\\.)*)`)
	inXML      = regexp.MustCompile(`(?i)<(?:[\w.-]+:)?[\w.-]{0,64}(?:` + credentials + `)[\w.-]{0,64}(?:\s[^<>]*)?>([^<]+)`)
	inPart     = regexp.MustCompile(`(?i)name="?[^"\r\n]{0,64}(?:` + credentials + `)[^"\r\n]{0,64}"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]+)`)
	inInput    = regexp.MustCompile(`(?i)name="[^"<>]{0,64}(?:` + credentials + `)[^"<>]{0,64}"[^<>]*?\svalue="([^"<>]+)`)
	inForm     = regexp.MustCompile(`(?:^|[?&;#\s"'])([\w.%\[\]+-]{1,128})=([^&;#\s"'<>]+)`)
	userInfo   = regexp.MustCompile(`//[^/@\s:"'<>]*:([^/@\s"'<>]+)@`)
)

// isSecret reports whether a name of a parameter is one of a credential.
func isSecret(name string) bool { return secretWord.MatchString(name) || shortName.MatchString(name) }

// inURL finds credentials in a URL, a list of parameters, or a text with such.
func inURL(b []byte, dst []span) []span {
	if bytes.IndexByte(b, '=') >= 0 {
		for _, m := range inForm.FindAllSubmatchIndex(b, -1) {
			if isSecret(string(b[m[2]:m[3]])) {
				dst = append(dst, span{m[4], m[5]})
			}
		}
	}
	if bytes.Contains(b, []byte("//")) {
		for _, m := range userInfo.FindAllSubmatchIndex(b, -1) {
			dst = append(dst, span{m[2], m[3]})
		}
	}
	return dst
}

// inText finds credentials in the text of a body, of whatever kind.
func inText(b []byte, dst []span) []span {
	dst = inURL(b, dst)
	for _, r := range []*regexp.Regexp{inJSON, inXML, inPart, inInput} {
		for _, m := range r.FindAllSubmatchIndex(b, -1) {
			dst = append(dst, span{m[2], m[3]})
		}
	}
	return dst
}

// inHeader finds credentials in the value of a header field; name is in lower case.
func inHeader(name, value string) (list []span) {
	switch {
	case value == "":
		return nil
	case name == "cookie":
		return cookies(value, len(value))
	case name == "set-cookie", name == "set-cookie2":
		end := strings.IndexByte(value, ';')
		if end < 0 {
			end = len(value)
		}
		return cookies(value, end)
	case name == "authorization", name == "proxy-authorization", name == "authentication-info", name == "proxy-authentication-info":
		from := strings.IndexByte(value, ' ') + 1 // the scheme stays
		return []span{{from, len(value)}}
	case name == ":path", name == "referer", name == "location", name == "content-location", name == "refresh", name == "link", name == "destination":
		return inURL([]byte(value), nil)
	case secretWord.MatchString(name) && !strings.HasPrefix(name, "access-control-"), strings.HasPrefix(name, "x-auth"), strings.HasPrefix(name, "x-session"):
		return []span{{0, len(value)}}
	}
	return nil
}

// cookies are the values of pairs up to an end.
func cookies(value string, end int) (list []span) {
	for at := 0; at < end; {
		to := strings.IndexByte(value[at:end], ';')
		if to < 0 {
			to = end - at
		}
		from := at + strings.IndexByte(value[at:at+to], '=') + 1
		if from < at+to {
			list = append(list, span{from, at + to})
		}
		at += to + 1
	}
	return list
}
