package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the program's version with what the binary knows of its build.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "wiretale, built without module information"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	text := "wiretale " + v
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	if rev := set["vcs.revision"]; rev != "" {
		text += " " + rev[:min(len(rev), 12)]
		if set["vcs.modified"] == "true" {
			text += " (modified)"
		}
		text += " " + set["vcs.time"]
	}
	return fmt.Sprintf("%s, %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
