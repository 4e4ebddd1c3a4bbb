package chaos

import "time"

// A chunk is on its way to the client.
type chunk struct {
	due   time.Time
	bytes []byte
	reset bool // the connection ends behind it, by reset
	end   bool // by the server's own end
}

// answerInsteadLocked queues the proxy's own answers whose turn has come.
func (l *link) answerInsteadLocked(delay time.Duration) {
	for len(l.awaited) > 0 && l.awaited[0].canned != "" {
		l.queueLocked(chunk{due: time.Now().Add(delay), bytes: []byte(l.awaited[0].canned)})
		l.awaited = l.awaited[1:]
	}
}

func (l *link) queueLocked(c chunk) {
	if l.mute && !c.end {
		return
	}
	l.queue = append(l.queue, c)
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// collectReplies reads what the server says at once, so that a delay holds up no
// server, and no delay adds to another.
func (l *link) collectReplies() {
	buf := make([]byte, 16<<10)
	var rest []byte
	for {
		n, err := l.server.Read(buf)
		if rest = append(rest, buf[:n]...); len(rest) > 0 {
			rest = l.replies(rest)
		}
		if err != nil {
			l.mu.Lock()
			l.queueLocked(chunk{end: true})
			l.mu.Unlock()
			return
		}
	}
}

func (l *link) replies(b []byte) []byte {
	for len(b) > 0 {
		n := frameLen(b)
		if n < 0 {
			l.untrack()
			n = len(b)
		}
		if n == 0 {
			break
		}
		if l.reply(append([]byte{}, b[:n]...)) == replyLost {
			l.end(true)
			return nil
		}
		b = b[n:]
	}
	return append([]byte{}, b...)
}

func (l *link) reply(b []byte) replyFate {
	l.mu.Lock()
	defer l.mu.Unlock()
	counted := l.oneWay
	if !l.oneWay && b[0] != '>' && len(l.awaited) > 0 {
		counted = !l.awaited[0].handshake
		l.awaited = l.awaited[1:]
	}
	fate, delay := l.p.fate(counted)
	c := chunk{due: time.Now().Add(delay), bytes: b}
	switch fate {
	case replyLost:
		return fate
	case replyDropped:
		l.mute = true
	case replyCut:
		c.bytes, c.reset = b[:1], true
	case replyPasses:
	}
	l.queueLocked(c)
	l.answerInsteadLocked(delay)
	return fate
}

func (l *link) carryReplies() {
	broken := false // the client reads no more, but the server has yet to end
	for {
		c, ok := l.next()
		if !ok || !l.await(c.due) || !l.p.flows(l.ended) {
			return
		}
		if len(c.bytes) > 0 && !broken {
			_, err := l.client.Write(c.bytes)
			broken = err != nil
		}
		if c.reset || c.end {
			l.end(c.reset)
			return
		}
	}
}

// next waits for a chunk; false where the link has ended.
func (l *link) next() (chunk, bool) {
	for {
		l.mu.Lock()
		if len(l.queue) > 0 {
			c := l.queue[0]
			l.queue = l.queue[1:]
			l.mu.Unlock()
			return c, true
		}
		l.mu.Unlock()
		select {
		case <-l.more:
		case <-l.ended:
			return chunk{}, false
		}
	}
}

func (l *link) await(due time.Time) bool {
	wait := time.Until(due)
	if wait <= 0 {
		return true
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.ended:
		return false
	}
}

// A replyFate is what becomes of an answer.
type replyFate uint8

const (
	replyPasses  replyFate = iota
	replyDropped           // and the connection stays open
	replyLost              // and the connection is reset
	replyCut               // after one byte, and the connection is reset
)

// fate decides on one answer; counted are those that can be lost, or cut.
func (p *proxy) fate(counted bool) (replyFate, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &p.trouble
	switch {
	case t.DropReplies:
		return replyDropped, 0
	case counted && t.LoseReplies > 0:
		t.LoseReplies--
		return replyLost, 0
	case counted && t.CutReplies > 0:
		t.CutReplies--
		return replyCut, t.Delay
	}
	return replyPasses, t.Delay
}
