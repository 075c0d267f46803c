"""Fills HTML forms as a person does who reads the fields' names."""

from html.parser import HTMLParser
from urllib.parse import urljoin


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, page):
        super().__init__()
        self.fields, self.buttons, self.action, self.method = {}, [], None, "get"
        self.inside = self.done = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and not self.done:
            self.inside, self.action, self.method = True, attributes.get("action") or "", attributes.get("method", "get").lower()
        elif self.inside and tag == "input" and attributes.get("name"):
            self.fields[attributes["name"]] = attributes.get("value") or ""
        elif self.inside and tag == "button" and attributes.get("name"):
            self.buttons.append((attributes["name"], attributes.get("value") or ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside, self.done = False, True


def submit(session, page, values, button=0):
    """Sends the page's form with these values, by its first button, and gives the answer."""
    form = Form(page.text)
    assert form.action is not None, f"no form in {page.text}"
    assert form.method == "post"
    missing = set(values) - set(form.fields)
    assert not missing, f"the form has {sorted(form.fields)}, and not {sorted(missing)}"
    pressed = dict([form.buttons[button]]) if form.buttons else {}
    return session.post(urljoin(page.url, form.action), data=form.fields | values | pressed, timeout=30)
