"""A bar chart as SVG: groups of bars from left to right, for people who read the table's figures afterwards."""
from html import escape

COLORS = ("#1f6fb4", "#8fbbdd", "#555555", "#aaaaaa", "#c4682b", "#e0a878", "#5f8f3e", "#a8c690", "#7b5ca8", "#b9a6d3")
ROW, GAP, WIDTH, TOP = 11, 8, 560, 74
LETTER = 5.8  # the width of one, about


def chart(title, subtitle, series, groups, unit, line=None):
    """groups: [(name, {series: (value, spread)})]. `line` marks a value (a target, or what 1 is)."""
    largest = max([value + spread for _, bars in groups for value, spread in bars.values()] + [line or 0, 1e-9])
    scale = WIDTH / largest
    left = max(230, round(LETTER * max((len(name) for name, _ in groups), default=0)) + 16)  # room for the names
    height = TOP + sum(ROW * len(bars) + GAP for _, bars in groups) + 30
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + WIDTH + 90}" height="{height}" '
           'font-family="sans-serif" font-size="10">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="10" y="18" font-size="14" font-weight="bold">{escape(title)}</text>',
           f'<text x="10" y="34" fill="#555">{escape(subtitle)}</text>']
    at = 10
    for i, name in enumerate(series):
        out.append(f'<rect x="{at}" y="46" width="9" height="9" fill="{COLORS[i % len(COLORS)]}"/>')
        out.append(f'<text x="{at + 13}" y="54">{escape(name)}</text>')
        at += 26 + 6 * len(name)
    y = TOP
    for name, bars in groups:
        out.append(f'<text x="{left - 8}" y="{y + ROW * len(bars) / 2 + 4:.0f}" text-anchor="end">{escape(name)}</text>')
        for i, key in enumerate(series):
            if key not in bars:
                continue
            value, spread = bars[key]
            out.append(f'<rect x="{left}" y="{y}" width="{value * scale:.1f}" height="{ROW - 2}" '
                       f'fill="{COLORS[i % len(COLORS)]}"><title>{escape(name)}, {escape(key)}: {value:.4g} ± {spread:.2g} '
                       f'{escape(unit)}</title></rect>')
            low, high = left + (value - spread) * scale, left + (value + spread) * scale
            out.append(f'<path d="M{low:.1f} {y + ROW / 2 - 1:.1f}H{high:.1f}" stroke="black"/>')
            out.append(f'<text x="{high + 4:.1f}" y="{y + ROW - 3}" font-size="8" fill="#333">{value:.4g}</text>')
            y += ROW
        y += GAP
    if line is not None:
        out.append(f'<path d="M{left + line * scale:.1f} {TOP - 6}V{y}" stroke="#b00" stroke-dasharray="3 3"/>')
    out.append(f'<text x="{left}" y="{y + 14}" fill="#555">{escape(unit)}</text>')
    return "\n".join(out) + "\n</svg>\n"
