"""Draws a transcript as a terminal: `terminal.py TRANSCRIPT.txt PICTURE.svg`. What follows a prompt is what was typed."""

import re
import sys
from xml.sax.saxutils import escape

PROMPT = re.compile(r"(\S*\$ |      (?=--))(.*)")
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
        if typed := PROMPT.match(line):
            yield (f'<text x="{MARGIN}" y="{y}"><tspan fill="#57ab5a">{escape(typed[1])}</tspan>'
                   f'<tspan fill="#f0f6fc" font-weight="bold">{escape(typed[2])}</tspan></text>')
        else:
            yield f'<text x="{MARGIN}" y="{y}" fill="#adbac7">{escape(line)}</text>'
    yield "</g></svg>"


if __name__ == "__main__":
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = file.read().rstrip("\n").split("\n")
    with open(target, "w", encoding="utf-8") as file:
        file.write("\n".join(draw(text)) + "\n")
