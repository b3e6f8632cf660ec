package main

import (
	"fmt"

	"github.com/wiretale/wiretale/internal/engine"
	"github.com/wiretale/wiretale/internal/secrets"
	"github.com/wiretale/wiretale/view"
)

// loadKeys reads the files of --keys.
func (a *app) loadKeys() error {
	for _, path := range a.keys {
		if a.secrets == nil {
			a.secrets = new(secrets.Store)
		}
		if err := a.secrets.Load(path); err != nil {
			return usage("a row of Wireshark's smb2_seskey_list, or SMB2_SESSION_KEY, the id of the session and its key, in hex", "--keys: %w", err)
		}
	}
	return nil
}

// locked says on stderr what the keys opened, and what they did not, for commands whose output has no place for it.
func (a *app) locked(c *engine.Case) error {
	if a.quiet || a.secrets == nil && !a.verbose {
		return nil
	}
	if err := a.out.Flush(); err != nil {
		return err
	}
	for _, src := range c.Sources {
		for _, line := range view.Locks(src) {
			fmt.Fprintf(a.stderr, "wiretale: %s: %s\n", src.Info.Name, line)
		}
	}
	return nil
}
