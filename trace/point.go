package trace

import (
	"strconv"
	"strings"
)

// pointMark begins the comment of an interface that stands for a capture point.
const pointMark = "capture point "

// PointComment is the comment that marks an interface of a merged file as a capture point of its own: what
// it saw another one may have seen too. Programs that copy a pcapng file keep it.
func PointComment(name string) string { return pointMark + strconv.Quote(name) }

// PointOf is the name in a comment that PointComment wrote, "" in any other.
func PointOf(comment string) string {
	quoted, ok := strings.CutPrefix(comment, pointMark)
	if !ok {
		return ""
	}
	name, err := strconv.Unquote(quoted)
	if err != nil {
		return ""
	}
	return name
}

// pointSeparator stands between the file and the point in the name of a source that is one point of a merged file.
const pointSeparator = "::"

// PointPath names one capture point of a merged file: merged.pcapng::client.
func PointPath(file, point string) string { return file + pointSeparator + point }

// CutPoint takes such a name apart.
func CutPoint(path string) (file, point string, ok bool) {
	i := strings.LastIndex(path, pointSeparator)
	if i <= 0 || i+len(pointSeparator) == len(path) {
		return path, "", false
	}
	return path[:i], path[i+len(pointSeparator):], true
}
