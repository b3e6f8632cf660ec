package api

import (
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/wiretale/wiretale/internal/filter"
)

// An Error is what is wrong with a question: the status of HTTP that says so, and the object "error" of the answer.
type Error struct {
	Status     int    `json:"-"`
	Message    string `json:"message" doc:"what is wrong"`
	Column     int    `json:"column,omitempty" doc:"of a filter: where, in characters, from 1"`
	Length     int    `json:"length,omitempty" doc:"of a filter: how many characters from there on are wrong"`
	Suggestion string `json:"suggestion,omitempty" doc:"what was probably meant, or what to do"`
}

func (e *Error) Error() string { return e.Message }

func bad(message, suggestion string) *Error {
	return &Error{Status: http.StatusBadRequest, Message: message, Suggestion: suggestion}
}

func notFound(message string) *Error { return &Error{Status: http.StatusNotFound, Message: message} }

// badFilter says where a mistake in a filter is.
func badFilter(err error) error {
	var in *filter.Error
	if !errors.As(err, &in) {
		return err
	}
	part := in.Filter[min(in.From, len(in.Filter)):min(max(in.From, in.To), len(in.Filter))]
	return &Error{Status: http.StatusBadRequest, Message: in.Message, Column: in.Column(), Length: max(utf8.RuneCountInString(part), 1), Suggestion: in.Hint}
}

// CheckFilter says what is wrong with a display filter: nil, or an [*Error] with the place of the mistake.
func (a *Analysis) CheckFilter(text string) error {
	_, err := a.filter(text)
	return err
}

// unfit is a question that the case has no answer to.
func unfit(message, suggestion string) *Error {
	return &Error{Status: http.StatusConflict, Message: message, Suggestion: suggestion}
}

// HTTPStatus is the status of an answer that says so.
func (e *Error) HTTPStatus() int { return e.Status }
