"""Draws a transcript as a terminal: `terminal.py TRANSCRIPT.txt PICTURE.svg`. Lines that begin with `$ ` are what was typed."""

import sys
from xml.sax.saxutils import escape

FONT, LINE, WIDTH, MARGIN = 13, 19, 8, 18


def draw(lines):
    columns = max(len(line) for line in lines)
    width, height = columns * WIDTH + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN + 18
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
    yield f'<rect width="{width}" height="{height}" rx="8" fill="#15202b"/>'
    for index, colour in enumerate(("#e5534b", "#d8a13a", "#57ab5a")):
        yield f'<circle cx="{MARGIN + 6 + index * 18}" cy="16" r="5" fill="{colour}"/>'
    yield f'<g font-family="ui-monospace, Menlo, DejaVu Sans Mono, monospace" font-size="{FONT}" xml:space="preserve">'
    for number, line in enumerate(lines):
        y = MARGIN + 26 + number * LINE
        if line.startswith("$ "):
            yield f'<text x="{MARGIN}" y="{y}"><tspan fill="#57ab5a">$ </tspan><tspan fill="#f0f6fc" font-weight="bold">{escape(line[2:])}</tspan></text>'
        else:
            yield f'<text x="{MARGIN}" y="{y}" fill="#adbac7">{escape(line)}</text>'
    yield "</g></svg>"


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = file.read().rstrip("\n").split("\n")
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(draw(text)) + "\n")
