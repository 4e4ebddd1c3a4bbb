package chaos

import "context"

// Suffer brings a condition about, or ends it.
func (n *node) Suffer(ctx context.Context, c Condition) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if (n.dead || n.goneLocked()) && c == Healthy {
		n.condition = c // it will start so
		n.misidentify(false)
		return nil
	}
	if err := n.upLocked(); err != nil {
		return n.err("suffer", err)
	}
	return n.err("suffer", n.sufferLocked(ctx, c))
}

func (n *node) sufferLocked(ctx context.Context, c Condition) error {
	if c > BadCertificate || c == BadCertificate && n.tls == nil {
		return ErrUnsupported
	}
	n.misidentify(c == BadCertificate)
	instead := answers(c)
	if c != IsLoading { // which no server can be kept in: the proxy answers
		var err error
		if instead, err = n.s.suffer(ctx, c); err != nil {
			return err
		}
	} else if _, err := n.s.suffer(ctx, Healthy); err != nil {
		return err
	}
	n.p.setInstead(instead)
	if c == WantsPassword && n.condition != c {
		n.p.reset() // those that gave a password before would go on
	}
	n.condition = c
	return nil
}

// misidentify has the node show a certificate that nobody trusts, or its own again.
func (n *node) misidentify(wrong bool) {
	if n.tls != nil && n.tls.isWrong.Swap(wrong) != wrong && wrong {
		n.p.reset()
	}
}
