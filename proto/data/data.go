// Package data declares the fields of bytes that no protocol takes for its own.
package data

import (
	"github.com/wiretale/wiretale/field"
)

// Fields are those of a layer of such bytes.
var Fields = field.Table{Proto: "data", Title: "Data", Fields: []field.Field{
	{Name: "data.data", Title: "Data", Type: field.Bytes, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		yield(field.Span{Len: len(b)}, field.Read(b, field.Bytes, 0, false))
	}},
	{Name: "data.len", Title: "Length", Type: field.Int, Width: 4, Find: func(b []byte, yield func(field.Span, field.Value) bool) {
		yield(field.Span{}, field.Value{Type: field.Int, U: uint64(len(b))})
	}},
}}
