package engine

import "github.com/wiretale/wiretale/trace"

// Info is what is known so far of a source, by the index that its rows carry.
func (r *Run) Info(source int) *trace.Info { return r.sources[source].counts.Info }
