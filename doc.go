// Package wiretale reads the network traces that people already have and
// tells what happened and why. The program is cmd/wiretale; the packages that
// other programs may use are trace, field, format, provider and proto.
package wiretale
