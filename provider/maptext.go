package provider

import "github.com/wiretale/wiretale/trace"

// MapText is the text that a provider's value map gives a number, "" when it has none.
func (r *Registry) MapText(guid trace.GUID, name string, value uint64) string {
	p := r.Provider(guid)
	if p == nil {
		return ""
	}
	m, ok := r.lookup(p, name)
	if !ok {
		return ""
	}
	return m.Values[value]
}
