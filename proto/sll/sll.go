// Package sll declares the fields of Linux cooked captures (LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2).
package sll

import "github.com/wiretale/wiretale/field"

var packetTypes = field.Names{0: "Unicast to us", 1: "Broadcast", 2: "Multicast", 3: "Unicast to another host", 4: "Sent by us"}

// Fields of version 1.
var Fields = field.Table{Proto: "sll", Title: "Linux cooked capture v1", Fields: []field.Field{
	{Name: "sll.pkttype", Title: "Packet type", Type: field.Uint, Off: 0, Len: 2, Names: packetTypes},
	{Name: "sll.hatype", Title: "Link-layer address type", Type: field.Uint, Off: 2, Len: 2},
	{Name: "sll.halen", Title: "Link-layer address length", Type: field.Uint, Off: 4, Len: 2},
	{Name: "sll.src.eth", Title: "Source", Type: field.Ether, Off: 6, Len: 6},
	{Name: "sll.etype", Title: "Protocol", Type: field.Uint, Base: field.Hex, Off: 14, Len: 2},
}}

// Fields2 of version 2.
var Fields2 = field.Table{Proto: "sll", Title: "Linux cooked capture v2", Fields: []field.Field{
	{Name: "sll.etype", Title: "Protocol", Type: field.Uint, Base: field.Hex, Off: 0, Len: 2},
	{Name: "sll.ifindex", Title: "Interface index", Type: field.Uint, Off: 4, Len: 4},
	{Name: "sll.hatype", Title: "Link-layer address type", Type: field.Uint, Off: 8, Len: 2},
	{Name: "sll.pkttype", Title: "Packet type", Type: field.Uint, Off: 10, Len: 1, Names: packetTypes},
	{Name: "sll.halen", Title: "Link-layer address length", Type: field.Uint, Off: 11, Len: 1},
	{Name: "sll.src.eth", Title: "Source", Type: field.Ether, Off: 12, Len: 6},
}}
