// Buttons that copy what stands beside them.
(function () {
  'use strict';

  // copyable makes a button copy an element's text; without the clipboard's rights, as
  // from a file in some browsers, by a selection.
  function copyable(button) {
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener('click', () => {
      const source = document.getElementById(button.dataset.copy);
      const told = (words) => {
        button.textContent = words;
        setTimeout(() => { button.textContent = name; }, 2000);
      };
      const select = () => {
        window.getSelection().selectAllChildren(source);
        told(document.execCommand('copy') ? 'Copied' : 'Selected: press Ctrl+C');
      };
      if (!navigator.clipboard) return select();
      navigator.clipboard.writeText(source.textContent).then(() => told('Copied'), select);
    });
  }

  for (const button of document.querySelectorAll('button.copy')) copyable(button);
}());

// The report's timeline: a canvas on which only what is in view is drawn, at most one
// shape a pixel and row. Times are in microseconds since the history began. Without
// this script the page shows everything else.
(function () {
  'use strict';

  const data = JSON.parse(document.getElementById('data').textContent);
  const byId = (id) => document.getElementById(id);
  const canvas = byId('chart'), tip = byId('tip'), details = byId('details');
  if (!canvas) return; // many seeds have no timeline
  const ctx = canvas.getContext('2d');
  const axisHeight = 24, marksHeight = 22, minSpan = 20;
  const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';
  const leaseEnds = ['released', 'ran out', 'lost, said the nodes', 'lost, its holder was told', 'still held at the end'];

  // ---- What is drawn -------------------------------------------------------------

  // An item is drawn from a to b. A strip is one row of a lane: a layer of items, and
  // one of loud ones above it, which are never hidden behind their neighbours. A layer
  // has its items by their beginning, and for each the latest end so far, by which the
  // first that ends after some moment is found.
  const lanes = [];

  function layer(items) {
    items.sort((p, q) => p.a - q.a);
    let latest = -Infinity;
    return { items, ends: items.map((it) => (latest = Math.max(latest, it.b))) };
  }

  function strip(items, height, paint) {
    const layers = [layer(items.filter((it) => !it.loud)), layer(items.filter((it) => it.loud))];
    const s = { layers, height, paint, y: 0 };
    for (const it of items) it.strip = it.strip || s;
    return s;
  }

  // rowsOf spreads items over as few rows as keep them apart, up to most.
  function rowsOf(items, most, height, paint) {
    items.sort((p, q) => p.a - q.a);
    const rows = [], ends = [];
    for (const it of items) {
      let row = ends.findIndex((end) => end <= it.a);
      if (row < 0) row = rows.length < most ? rows.push([]) - 1 : ends.indexOf(Math.min(...ends)); // over each other
      rows[row].push(it);
      ends[row] = Math.max(it.b, ends[row] === undefined ? -Infinity : ends[row]);
    }
    return rows.map((row) => strip(row, height, paint));
  }

  const group = (list, count, index) => Array.from({ length: count }, (_, i) => list.filter((it) => index(it) === i));

  const bad = new Set(['lost', 'stale', 'failed', 'rejected'].map((name) => data.outcomes.indexOf(name)));
  const fine = data.outcomes.indexOf('ok'), signal = data.kinds.indexOf('signal');

  // The rows of numbers are described where they are written, in timeline.go.
  const leases = data.leases.map((v) => ({ type: 'lease', a: v[2], b: v[3], v, loud: v[4] === 2 || v[4] === 3 }));
  const ops = data.ops.map((v) => ({ type: 'op', a: v[1] === signal ? v[4] : v[3], b: v[4], v, loud: bad.has(v[5]) }));
  const faults = data.faults.map((v) => ({ type: 'fault', a: v[4], b: Math.max(v[4], v[5]), v, loud: v[6] > 0 }));
  const marks = data.marks.map((m) => ({ type: 'mark', a: m.at, b: m.at, v: m, loud: m.bad }));
  const markStrip = Object.assign(strip(marks, marksHeight), { y: axisHeight });

  function buildLanes() {
    group(leases, data.keys.length, (it) => it.v[0]).forEach((items, i) => {
      lanes.push({ label: 'key ' + data.keys[i], strips: rowsOf(items, 4, 18, paintLease), first: i === 0 });
    });
    const struck = group(faults, data.clients.length, (it) => it.v[3]);
    group(ops, data.clients.length, (it) => it.v[0]).forEach((items, i) => {
      const strips = rowsOf(struck[i], 3, 9, paintFault).concat(rowsOf(items, 3, 13, paintOp));
      lanes.push({ label: data.clients[i], strips, first: i === 0, client: i });
    });
    const wide = faults.filter((it) => it.v[2] < 0 && it.v[3] < 0);
    if (wide.length) lanes.push({ label: 'several', strips: rowsOf(wide, 4, 12, paintFault), first: true });
    group(faults, data.nodes.length, (it) => it.v[3] < 0 ? it.v[2] : -1).forEach((items, i) => {
      const strips = rowsOf(items, 4, 12, paintFault);
      strips.push(strip(items.filter((it) => it.v[8]), 5, (it, x, y, w, h) => fill(colours.down, x, y, w, h)));
      lanes.push({ label: data.nodes[i], strips, first: i === 0 && !wide.length, node: true });
    });
    let y = axisHeight + marksHeight;
    for (const l of lanes) {
      if (l.first) y += 6;
      l.y = y;
      y += 3;
      for (const s of l.strips) {
        s.y = y;
        y += s.height + 1;
      }
      y = Math.max(y + 3, l.y + 18);
      l.height = y - l.y;
    }
    return y + 4;
  }

  // ---- The view ------------------------------------------------------------------

  const end = Math.max(data.end, minSpan, ...marks.slice(-1).map((m) => m.a));
  const view = { from: 0, to: end };
  let width = 0, height = 0, gutter = 0, pending = false, chosen = null, colours = {};

  const xOf = (t) => gutter + (t - view.from) / (view.to - view.from) * (width - gutter);
  const tOf = (x) => view.from + (x - gutter) / (width - gutter) * (view.to - view.from);

  // look shows the time between two moments, kept within the history and a little more.
  function look(from, to) {
    const slack = end * 0.02;
    const span = Math.min(Math.max(to - from, minSpan), end + 2 * slack);
    from = Math.min(Math.max((from + to - span) / 2, -slack), end + slack - span);
    view.from = from;
    view.to = from + span;
    redraw();
  }

  const shift = (by) => look(view.from + by, view.to + by);
  const pan = (part) => shift((view.to - view.from) * part);
  const zoom = (factor, at) => look(at - (at - view.from) * factor, at + (view.to - at) * factor);
  const middle = () => (view.from + view.to) / 2;

  // goTo shows a moment, with some leases' time before and after it.
  function goTo(at) {
    const around = Math.max(data.ttl * 4, minSpan);
    look(at - around, at + around);
  }

  // ---- Drawing -------------------------------------------------------------------

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    const names = ['back', 'panel', 'text', 'soft', 'line', 'bad', 'demo', 'fault', 'breaks', 'up', 'down', 'waits', 'on'];
    colours = {};
    for (const name of names) colours[name] = style.getPropertyValue('--' + name).trim();
    colours.clients = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => style.getPropertyValue('--c' + i).trim());
  }

  const colourOf = (client) => client < 0 ? colours.soft : colours.clients[client % colours.clients.length];

  function tellRange() {
    byId('range').textContent = clock(Math.max(0, view.from)) + ' – ' + clock(Math.min(end, view.to)) + ' of ' + clock(end);
  }

  function redraw() {
    tellRange();
    if (pending) return;
    pending = true;
    requestAnimationFrame(draw);
  }

  function resize() {
    const ratio = window.devicePixelRatio || 1;
    width = canvas.clientWidth;
    ctx.font = font;
    gutter = Math.round(Math.min(width * 0.24, 20 + Math.max(50, ...lanes.map((l) => ctx.measureText(l.label).width))));
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    redraw();
  }

  function draw() {
    pending = false;
    fill(colours.back, 0, 0, width, height);
    ctx.font = font;
    ctx.textBaseline = 'middle';
    drawAxis();
    ctx.save();
    ctx.beginPath();
    ctx.rect(gutter, 0, width - gutter, height);
    ctx.clip();
    for (const l of lanes) {
      if (l.node) fill(colours.up, xOf(0), l.y + l.height - 9, xOf(end) - xOf(0), 5);
      for (const s of l.strips) drawStrip(s);
    }
    drawMarks();
    ctx.restore();
    drawLabels();
  }

  // firstIn returns the first item of a layer that ends at t or later.
  function firstIn(l, t) {
    let low = 0, high = l.ends.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (l.ends[mid] < t) low = mid + 1; else high = mid;
    }
    return low;
  }

  // drawStrip draws the items in view, on whole pixels. What falls on pixels that the
  // layer has drawn on already is skipped, without so much as a look at it: a frame
  // costs the same however long the history is.
  function drawStrip(s) {
    const one = (it) => {
      const x = Math.round(Math.max(xOf(it.a), gutter - 4));
      const w = Math.max(Math.round(Math.min(xOf(it.b), width + 4)) - x, 2);
      s.paint(it, x, s.y, w, s.height);
      return [x, w];
    };
    for (const l of s.layers) {
      for (let i = firstIn(l, view.from), drawn = 0; i < l.items.length && l.items[i].a <= view.to; i = Math.max(i + 1, drawn)) {
        if (l.items[i].b < view.from) continue;
        const [x, w] = one(l.items[i]);
        drawn = firstIn(l, tOf(x + w));
      }
    }
    if (!chosen || chosen.strip !== s) return;
    const [x, w] = one(chosen);
    ctx.strokeStyle = colours.text;
    ctx.lineWidth = 2;
    ctx.strokeRect(x - 2, s.y - 1, w + 4, s.height + 2);
  }

  function fill(colour, x, y, w, h) {
    ctx.fillStyle = colour;
    ctx.fillRect(x, y, w, h);
  }

  // frame is what is drawn of something that did not come to be.
  function frame(colour, x, y, w, h) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1;
    ctx.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1, 0.5), h - 1);
  }

  // write puts text on a shape that has room for it.
  function write(text, colour, x, y, w, h) {
    const fit = Math.floor(((x < gutter ? w - (gutter - x) : w) - 7) / 6.6);
    if (h < 12 || fit < Math.min(text.length, 6)) return;
    ctx.fillStyle = colour;
    ctx.fillText(text.length <= fit ? text : text.slice(0, fit - 1) + '…', Math.max(x, gutter) + 3, y + h / 2 + 0.5);
  }

  function paintLease(it, x, y, w, h) {
    const v = it.v;
    fill(colourOf(v[1]), x, y, w, h);
    if (w > 6 && v[4] !== 0) fill(v[4] === 1 || v[4] === 4 ? colours.soft : colours.bad, x + w - 3, y, 3, h); // not released
    if (w < 30) return;
    const token = String(v[6] || '');
    write((data.clients[v[1]] || '') + some(' #', token.length > 7 ? '…' + token.slice(-6) : token), colours.on, x, y, w, h);
  }

  function paintOp(it, x, y, w, h) {
    const v = it.v, unknown = data.outcomes[v[5]] === 'unknown', coloured = it.loud || v[5] === fine;
    if (unknown) frame(colours.soft, x, y, w, h);
    else fill(it.loud ? colours.bad : coloured ? colourOf(v[0]) : colours.waits, x, y, w, h);
    write(data.kinds[v[1]], coloured ? colours.on : colours.text, x, y, w, h);
  }

  function paintFault(it, x, y, w, h) {
    const v = it.v, colour = v[6] ? colours.breaks : colours.fault;
    if (v[7]) return frame(colour, x, y, w, h); // it could not be injected
    fill(colour, x, y, w, h);
    write(data.texts[v[0]], colours.on, x, y, w, h);
  }

  // drawMarks draws a line through all lanes for violations, and for what is chosen.
  function drawMarks() {
    let last = -9;
    const y = axisHeight + marksHeight / 2;
    const shape = (it) => {
      const x = xOf(it.a), m = it.v;
      if (!m.bad && it !== chosen && x - last < 1) return;
      if (!m.bad) last = x;
      ctx.fillStyle = m.bad ? colours.bad : colours.demo;
      if (m.bad || it === chosen) ctx.fillRect(x - 0.75, axisHeight, 1.5, height);
      ctx.beginPath();
      if (m.bad) { // a cross in a disc, told apart from a diamond without its colour
        ctx.arc(x, y, 8, 0, 2 * Math.PI);
      } else {
        [[0, -7], [7, 0], [0, 7], [-7, 0]].forEach((p) => ctx.lineTo(x + p[0], y + p[1]));
      }
      ctx.fill();
      ctx.fillStyle = colours.on;
      if (m.bad) ctx.fillText('×', x, y + 0.5);
    };
    const margin = 8 / (width - gutter) * (view.to - view.from);
    ctx.textAlign = 'center';
    for (const l of markStrip.layers) {
      for (let i = firstIn(l, view.from - margin); i < l.items.length && l.items[i].a <= view.to + margin; i++) shape(l.items[i]);
    }
    ctx.textAlign = 'left';
  }

  // drawAxis draws the time: at 1, 2 or 5 times a power of ten, as many as fit.
  function drawAxis() {
    const span = view.to - view.from;
    const raw = span / Math.max(2, (width - gutter) / 72);
    const power = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = Math.max(1, power * [1, 2, 5, 10].find((m) => m * power >= raw));
    ctx.textAlign = 'center';
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      const x = xOf(t);
      fill(colours.line, x, axisHeight - 4, 1, height);
      ctx.fillStyle = colours.soft;
      if (x > gutter + 16 && x < width - 20) ctx.fillText(clock(Math.round(t), step), x, axisHeight / 2);
    }
    ctx.textAlign = 'left';
  }

  function drawLabels() {
    fill(colours.back, 0, axisHeight, gutter - 1, height);
    fill(colours.line, gutter - 1, axisHeight, 1, height);
    for (const l of lanes) {
      fill(colours.line, 0, l.y - (l.first ? 3 : 0), width, l.first ? 2 : 0.5);
      const x = l.client === undefined ? 5 : 15;
      if (l.client !== undefined) fill(colourOf(l.client), 5, l.y + l.height / 2 - 5, 6, 10);
      ctx.fillStyle = colours.text;
      let text = l.label;
      for (let n = text.length; n > 5 && ctx.measureText(text).width > gutter - x - 4; n--) { // its end tells it apart
        text = l.label.slice(0, n - 5) + '…' + l.label.slice(-4);
      }
      ctx.fillText(text, x, l.y + l.height / 2);
    }
    ctx.fillStyle = colours.soft;
    ctx.fillText('marks', 5, axisHeight + marksHeight / 2);
  }

  // ---- Words ---------------------------------------------------------------------

  // clock tells a time to the digits that step, or the view, needs.
  function clock(t, step) {
    const fine = step || (view.to - view.from) / 1000;
    const digits = Math.min(6, Math.max(0, Math.ceil(6 - Math.log10(Math.max(fine, 1)))));
    const s = t / 1e6;
    if (Math.abs(s) < 3600) return s.toFixed(digits) + ' s';
    const rest = s % 60, two = (n) => (n < 10 ? '0' : '') + n;
    return Math.floor(s / 3600) + ':' + two(Math.floor(s / 60) % 60) + ':' + two(rest.toFixed(digits));
  }

  function lasting(t) {
    const unit = t >= 1e6 ? [1e6, ' s'] : t >= 1e3 ? [1e3, ' ms'] : [1, ' µs'];
    return parseFloat((t / unit[0]).toPrecision(4)) + unit[1];
  }

  const exact = (t) => (t / 1e6).toFixed(6) + ' s';
  const some = (what, value) => value ? what + value : '';

  function describe(it) {
    const v = it.v;
    const lines = {
      mark: () => [v.name + ' at ' + exact(v.at), v.text, v.key >= 0 ? 'key ' + data.keys[v.key] : ''],
      lease: () => [
        'Lease of key ' + data.keys[v[0]] + ', by ' + (data.clients[v[1]] || '?') + some(', fencing token ', v[6]),
        exact(v[2]) + ' to ' + exact(v[3]) + ' (' + lasting(v[3] - v[2]) + '): ' + leaseEnds[v[4]],
        'valid until ' + exact(v[5]) + some(', extensions: ', v[7]),
      ],
      op: () => [
        data.clients[v[0]] + ': ' + data.kinds[v[1]] + some(' of key ', data.texts[v[2]]) + ': ' + data.outcomes[v[5]],
        exact(v[3]) + ' to ' + exact(v[4]) + ' (' + lasting(v[4] - v[3]) + ')',
        [some('valid until ', v[6] && exact(v[6])), some('fencing token ', v[7]), some('lease ', v[8] && lasting(v[8])),
          some('attempts: ', v[9]), some('value ', v[10])].filter(Boolean).join(', '),
        data.texts[v[11]],
      ],
      fault: () => [
        data.texts[v[0]] + ': ' + data.texts[v[1]] + (v[2] >= 0 ? ', ' + data.nodes[v[2]] : v[3] >= 0 ? ', ' + data.clients[v[3]] : ''),
        exact(v[4]) + ' to ' + exact(v[5]) + ' (' + lasting(v[5] - v[4]) + ')',
        some('breaks the assumption on ', data.texts[v[6]]), some('could not be injected: ', data.texts[v[7]]),
      ],
    };
    return lines[it.type]().filter(Boolean).join('\n');
  }

  // choose keeps something's details on the page, and marks it in the chart.
  function choose(it) {
    chosen = it;
    details.textContent = it ? describe(it) : 'Point at something, or tap it, to see what it is.';
    redraw();
  }

  // at returns the item under a point, or the nearest within a finger's or a mouse's reach.
  function at(x, y, reach) {
    if (x < gutter) return null;
    const strips = lanes.reduce((all, l) => all.concat(l.strips), [markStrip]);
    let best = null, least = Infinity;
    const slack = reach / (width - gutter) * (view.to - view.from), t = tOf(x);
    for (const s of strips) {
      const off = Math.max(s.y - y, y - s.y - s.height, 0);
      if (off > reach) continue;
      for (const l of s.layers) {
        for (let i = firstIn(l, t - slack); i < l.items.length && l.items[i].a <= t + slack; i++) {
          const it = l.items[i], away = Math.max(it.a - t, t - it.b, 0);
          // The nearest, and among those under the point the shortest.
          const far = off * 1000 + away / slack * 1000 + Math.min(1, (it.b - it.a) / end);
          if (away <= slack && far < least) [best, least] = [it, far];
        }
      }
    }
    return best;
  }

  // step goes to the next mark, or the one before, from the one that is chosen.
  function step(direction) {
    if (!marks.length) return;
    let i = marks.indexOf(chosen);
    if (i >= 0) i += direction;
    else i = direction > 0 ? marks.filter((m) => m.a < view.from).length : marks.filter((m) => m.a <= view.to).length - 1;
    i = (i + marks.length) % marks.length;
    goTo(marks[i].a);
    choose(marks[i]);
  }

  // ---- Hands ---------------------------------------------------------------------

  const actions = {
    in: () => zoom(0.5, middle()), out: () => zoom(2, middle()), left: () => pan(-0.25), right: () => pan(0.25),
    all: () => look(-end * 0.01, end * 1.01), prev: () => step(-1), next: () => step(1),
  };
  const keys = { '+': 'in', '=': 'in', '-': 'out', ArrowLeft: 'left', ArrowRight: 'right', 0: 'all', Home: 'all', n: 'next', p: 'prev' };

  function showTip(e) {
    const it = at(e.offsetX, e.offsetY, 4);
    tip.hidden = !it;
    if (!it) return;
    tip.textContent = describe(it);
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(e.clientX + 14, window.innerWidth - box.width - 8)) + 'px';
    tip.style.top = (e.clientY + 18 + box.height > window.innerHeight ? e.clientY - box.height - 12 : e.clientY + 18) + 'px';
  }

  function listen() {
    const pointers = new Map();
    let moved = 0;
    canvas.addEventListener('pointerdown', (e) => {
      canvas.setPointerCapture(e.pointerId);
      pointers.set(e.pointerId, e.offsetX);
      moved = pointers.size > 1 ? 99 : 0;
      tip.hidden = true;
    });
    canvas.addEventListener('pointermove', (e) => {
      if (!pointers.has(e.pointerId)) return showTip(e);
      const before = [...pointers.values()], was = pointers.get(e.pointerId);
      pointers.set(e.pointerId, e.offsetX);
      moved += Math.abs(e.offsetX - was);
      canvas.classList.toggle('dragging', moved > 4);
      if (pointers.size === 1 && moved > 4) pan((was - e.offsetX) / (width - gutter));
      if (pointers.size === 2) { // what was under the fingers stays there
        const after = [...pointers.values()], middleX = (after[0] + after[1]) / 2;
        zoom(Math.max(Math.abs(before[0] - before[1]), 10) / Math.max(Math.abs(after[0] - after[1]), 10), tOf(middleX));
        pan(((before[0] + before[1]) / 2 - middleX) / (width - gutter));
      }
    });
    canvas.addEventListener('pointerup', (e) => {
      if (moved <= 4) choose(at(e.offsetX, e.offsetY, e.pointerType === 'touch' ? 12 : 4));
    });
    // After pointerup, and when the page takes the pointer over, to scroll.
    canvas.addEventListener('lostpointercapture', (e) => canvas.classList.toggle('dragging', !pointers.delete(e.pointerId)));
    canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
    canvas.addEventListener('dblclick', (e) => zoom(0.25, tOf(e.offsetX)));
    // The wheel scrolls the page, until the chart has been clicked into.
    canvas.addEventListener('wheel', (e) => {
      const sideways = e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY);
      if (!sideways && !e.ctrlKey && !e.metaKey && document.activeElement !== canvas) return;
      e.preventDefault();
      const turn = (sideways ? e.deltaX || e.deltaY : e.deltaY) * (e.deltaMode === 1 ? 16 : 1);
      if (sideways) pan(turn / (width - gutter)); else zoom(Math.exp(Math.max(-200, Math.min(200, turn)) * 0.003), tOf(e.offsetX));
    }, { passive: false });
    canvas.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
      e.preventDefault();
      actions[keys[e.key]]();
    });
    for (const b of byId('tools').querySelectorAll('button')) b.addEventListener('click', actions[b.dataset.do]);
    document.querySelectorAll('a.zoom').forEach((link) => link.addEventListener('click', () => {
      const t = Number(link.dataset.at), text = link.closest('li').querySelector('.said').textContent;
      goTo(t);
      choose(marks.find((m) => m.a === t && m.v.text === text) || null);
    }));
    window.addEventListener('resize', resize);
    const recolour = (scheme) => () => {
      document.documentElement.dataset.scheme = scheme;
      readColours();
      draw();
    };
    window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', recolour(''));
    window.addEventListener('beforeprint', recolour('light')); // dark on light, on paper
    window.addEventListener('afterprint', recolour(''));
  }

  height = buildLanes();
  canvas.style.height = height + 'px';
  canvas.hidden = byId('tools').hidden = false;
  readColours();
  actions.all();
  resize();
  listen();
}());
