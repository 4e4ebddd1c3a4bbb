package scripts

import (
	"strconv"
	"strings"
	"sync"
)

// FenceKey names the fencing counter of the lock key: {key}:fence, in the same
// Cluster slot.
func FenceKey(key string) string { return companion(key, ":fence", "") }

// TombstoneKey names the tombstone of one token of the lock key:
// {key}:dead:token, in the same Cluster slot.
func TombstoneKey(key, token string) string { return companion(key, ":dead:", token) }

// QueueKey names the queue of who waits for the lock key: {key}:queue, in the same
// Cluster slot.
func QueueKey(key string) string { return companion(key, ":queue", "") }

// WakeChannel names the channel of one who waits for the lock key: {key}:wake:id, in the
// same Cluster slot.
func WakeChannel(key, id string) string { return companion(key, ":wake:", id) }

// Companions returns both names.
func Companions(key, token string) (fence, tombstone string) {
	if strings.ContainsAny(key, "{}") {
		return FenceKey(key), TombstoneKey(key, token)
	}
	both := "{" + key + "}:fence{" + key + "}:dead:" + token // one allocation
	end := len(key) + len("{}:fence")
	return both[:end], both[end:]
}

// companion returns a name beside key, in its Cluster slot, that ends in what and
// whose: Redis hashes
// what stands between the first { and the first } after it, if anything does, else
// the whole key (redis.io, "Redis cluster specification", Hash tags).
func companion(key, what, whose string) string {
	open := strings.IndexByte(key, '{')
	if open >= 0 && strings.IndexByte(key[open+1:], '}') > 0 {
		return key + what + whose // its hash tag serves
	}
	if strings.IndexByte(key, '}') < 0 {
		return "{" + key + "}" + what + whose
	}
	// A } without a tag: braces around the key would cut it short. A tag that
	// falls into the same slot by its own hash serves instead.
	return "{" + slotTags()[Slot(key)] + "}" + key + what + whose
}

const slots = 16384

// slotTags has a short tag for each slot. It is made when a key first needs one.
var slotTags = sync.OnceValue(func() []string {
	tags := make([]string, slots)
	for n, found := 0, 0; found < slots; n++ {
		tag := strconv.Itoa(n)
		if slot := crc16(tag) % slots; tags[slot] == "" {
			tags[slot] = tag
			found++
		}
	}
	return tags
})

// Slot returns the Cluster slot of key.
func Slot(key string) int {
	if open := strings.IndexByte(key, '{'); open >= 0 {
		if size := strings.IndexByte(key[open+1:], '}'); size > 0 {
			key = key[open+1 : open+1+size]
		}
	}
	return int(crc16(key) % slots)
}

// crc16 is CRC-16/XMODEM, polynomial 0x1021, as the Cluster specification has it.
func crc16(s string) uint16 {
	var crc uint16
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
