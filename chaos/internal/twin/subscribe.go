package twin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Carry has the node carry out a command that came over the wire, and returns its answer.
func (w *Wire) Carry(words []string) string {
	switch name := strings.ToLower(words[0]); name {
	case "subscribe", "ssubscribe":
		return w.change(name, words[1:], name == "ssubscribe", true)
	case "unsubscribe", "sunsubscribe":
		return w.change(name, words[1:], name == "sunsubscribe", false)
	case "ping":
		payload := ""
		if len(words) > 1 {
			payload = words[1]
		}
		return push("pong", payload)
	default:
		return fmt.Sprintf("-ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n", name)
	}
}

// change subscribes to channels, or gives them up: all of them where none is named, in
// the order in which they were subscribed to, where Redis has none.
func (w *Wire) change(kind string, channels []string, sharded, on bool) string {
	if !on && len(channels) == 0 {
		for _, h := range w.heard {
			if h.sharded == sharded {
				channels = append(channels, h.channel)
			}
		}
		if len(channels) == 0 {
			return "*3\r\n" + bulk(kind) + "$-1\r\n:" + strconv.Itoa(w.count(sharded)) + "\r\n"
		}
	}
	reply := ""
	for _, channel := range channels {
		h := hearer{channel, sharded}
		w.heard = slices.DeleteFunc(w.heard, func(o hearer) bool { return o == h })
		if on {
			w.heard = append(w.heard, h)
		}
		reply += "*3\r\n" + bulk(kind) + bulk(channel) + ":" + strconv.Itoa(w.count(sharded)) + "\r\n"
	}
	return reply
}

// count is how many channels of a kind are heard.
func (w *Wire) count(sharded bool) (n int) {
	for _, h := range w.heard {
		if h.sharded == sharded {
			n++
		}
	}
	return n
}

// Hears reports whether the node sends the channel's messages over this wire.
func (w *Wire) Hears(channel string, sharded bool) bool {
	return slices.Contains(w.heard, hearer{channel, sharded})
}

// Message is what a node sends to who hears a channel.
func Message(channel, message string, sharded bool) string {
	if sharded {
		return push("smessage", channel, message)
	}
	return push("message", channel, message)
}

func push(words ...string) string {
	text := "*" + strconv.Itoa(len(words)) + "\r\n"
	for _, word := range words {
		text += bulk(word)
	}
	return text
}

func bulk(s string) string { return "$" + strconv.Itoa(len(s)) + "\r\n" + s + "\r\n" }
