// Package content takes what is heard of connections apart into what people
// look for in them: the bytes that both sides exchanged where they can be
// read, and the messages of HTTP with their content as it was before it was
// chunked and compressed (RFC 9110, RFC 9112, RFC 9113).
//
// Everything goes through as it comes: what is kept of a connection is bounded.
package content
