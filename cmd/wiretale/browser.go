package main

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// errNoDesktop is why no browser is opened where nobody would see it.
var errNoDesktop = errors.New("there is no desktop")

// browse opens an address in the user's browser, and does not wait for it.
func browse(address string) error {
	args, err := browser(runtime.GOOS, os.Getenv)
	if err != nil {
		return err
	}
	cmd := exec.Command(args[0], append(args[1:], address)...)
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // so that the system forgets it
	return nil
}

// browser is the command that opens an address on a system.
func browser(system string, env func(string) string) ([]string, error) {
	switch {
	case env("SSH_CONNECTION") != "" && env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "":
		return nil, errNoDesktop
	case system == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}, nil
	case system == "darwin":
		return []string{"open"}, nil
	case env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "":
		return nil, errNoDesktop
	}
	return []string{"xdg-open"}, nil
}
