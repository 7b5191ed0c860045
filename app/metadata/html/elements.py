"""Elements of HTML: their numbers and how the tree construction of the standard (13.2.6) treats each.

Both tokenizers, compiled and in Python, take these tables.
"""

from __future__ import annotations

from enum import IntEnum, auto

MAX_DEPTH = 512
"""Open elements; a deeper one holds nothing. Browsers have the same limit."""

MAX_UNKNOWN = 1_000
"""Unknown names of one page that are told apart; all further ones count as one name."""

FOREIGN_NAME = 2_048
"""Added to the number of an element in SVG or MathML: `<title>` in `<svg>` is no title."""


class Content(IntEnum):
    """How the tokenizer reads what follows a start tag (13.2.5)."""

    DATA = 0
    VOID = auto()
    RCDATA = auto()
    RAWTEXT = auto()
    SCRIPT = auto()
    PLAINTEXT = auto()


class Rule(IntEnum):
    """How a start tag is inserted in the body (13.2.6.4.7)."""

    ANY = 0
    BLOCK = auto()
    HEADING = auto()
    ITEM = auto()
    TERM = auto()
    LINK = auto()
    BUTTON = auto()
    SELECT = auto()
    OPTION = auto()
    OPTION_GROUP = auto()
    INPUT = auto()
    RUBY_BASE = auto()
    RUBY_TEXT = auto()
    TABLE = auto()
    CELL = auto()
    ROW = auto()
    ROWS = auto()
    COLUMN = auto()
    HTML = auto()
    HEAD = auto()
    BODY = auto()
    FRAMESET = auto()
    FRAME = auto()
    SVG = auto()
    MATH = auto()
    FORM = auto()


class End(IntEnum):
    """How an end tag closes elements in the body."""

    ANY = 0
    SCOPED = auto()
    PARAGRAPH = auto()
    ITEM = auto()
    HEADING = auto()
    FORMATTING = auto()
    FORM = auto()
    TABLE = auto()
    TEMPLATE = auto()
    BREAK = auto()
    HEAD = auto()
    IGNORED = auto()


class Trait:
    """Properties of an element that several rules ask for, as bits."""

    BLOCK = 1
    SPECIAL = 2
    SCOPE = 4
    BUTTON_SCOPE = 8
    LIST_SCOPE = 16
    TABLE_SCOPE = 32
    BARRIER = 64
    IMPLIED_END = 128
    BREAKOUT = 256
    HEAD_CONTENT = 512
    NOSCRIPT_CONTENT = 1_024
    NO_FRAMESET = 2_048
    HTML_INTEGRATION = 4_096
    TEXT_INTEGRATION = 8_192
    WHOLE_PAGE = 16_384


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HEADINGS = _names("h1 h2 h3 h4 h5 h6")

_CONTENT = {
    Content.VOID: "area base basefont bgsound br col embed frame hr image img input keygen link meta param source "
    "track wbr",
    Content.RCDATA: "title textarea",
    Content.RAWTEXT: "style xmp iframe noembed noframes",
    Content.SCRIPT: "script",
    Content.PLAINTEXT: "plaintext",
}  # fmt: skip

_RULES = {
    Rule.BLOCK: "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer "
    "header hgroup hr listing main menu nav ol p plaintext pre search section summary ul xmp",
    Rule.HEADING: " ".join(HEADINGS),
    Rule.ITEM: "li",
    Rule.TERM: "dd dt",
    Rule.LINK: "a nobr",
    Rule.BUTTON: "button",
    Rule.SELECT: "select",
    Rule.OPTION: "option",
    Rule.OPTION_GROUP: "optgroup",
    Rule.INPUT: "input",
    Rule.RUBY_BASE: "rb rtc",
    Rule.RUBY_TEXT: "rp rt",
    Rule.TABLE: "table",
    Rule.CELL: "td th",
    Rule.ROW: "tr",
    Rule.ROWS: "caption colgroup tbody tfoot thead",
    Rule.COLUMN: "col",
    Rule.HTML: "html",
    Rule.HEAD: "head",
    Rule.BODY: "body",
    Rule.FRAMESET: "frameset",
    Rule.FRAME: "frame",
    Rule.SVG: "svg",
    Rule.MATH: "math",
    Rule.FORM: "form",
}

_ENDS = {
    End.SCOPED: "address applet article aside blockquote button center details dialog dir div dl dd dt fieldset "
    "figcaption figure footer header hgroup listing main marquee menu nav object ol pre search section select summary "
    "ul",
    End.PARAGRAPH: "p",
    End.ITEM: "li",
    End.HEADING: " ".join(HEADINGS),
    End.FORMATTING: "a b big code em font i nobr s small strike strong tt u",
    End.FORM: "form",
    End.TABLE: "caption colgroup table tbody td tfoot th thead tr",
    End.TEMPLATE: "template",
    End.BREAK: "br",
    End.HEAD: "head",
    End.IGNORED: "body col frame html",
}

_SPECIAL = (
    "address applet area article aside base basefont bgsound blockquote body br button caption center col colgroup dd "
    "details dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header "
    "hgroup hr html iframe img input keygen li link listing main marquee menu meta nav noembed noframes noscript "
    "object ol p param plaintext pre script search section select source style summary table tbody td template "
    "textarea tfoot th thead title tr track ul wbr xmp"
)
_SCOPE = "applet caption html marquee object select table td template th"

_TRAITS = {
    Trait.BLOCK: "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu "
    "nav ol optgroup option p plaintext pre search section select summary table tbody td tfoot th thead tr ul xmp",
    Trait.SPECIAL: _SPECIAL,
    Trait.SCOPE: _SCOPE,
    Trait.BUTTON_SCOPE: f"{_SCOPE} button",
    Trait.LIST_SCOPE: f"{_SCOPE} ol ul",
    Trait.TABLE_SCOPE: "html table template",
    Trait.BARRIER: " ".join(set(_SPECIAL.split()) - {"address", "div", "p"}),
    Trait.IMPLIED_END: "dd dt li optgroup option p rb rp rt rtc",
    Trait.BREAKOUT: "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li "
    "listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var",
    Trait.HEAD_CONTENT: "base basefont bgsound link meta noframes noscript script style template title",
    Trait.NOSCRIPT_CONTENT: "basefont bgsound link meta noframes style",
    Trait.NO_FRAMESET: "applet area body br button dd dt embed hr iframe image img input keygen li listing marquee "
    "object pre select table textarea wbr xmp",
    Trait.HTML_INTEGRATION: "desc foreignobject title",
    Trait.TEXT_INTEGRATION: "mi mn mo ms mtext",
    Trait.WHOLE_PAGE: "body html main",
}

_OTHERS = (
    "abbr acronym amp-img annotation-xml audio bdi bdo canvas cite clippath circle command datalist data defs del dfn "
    "ellipse filter g hgroup ins kbd label legend line lineargradient malignmark map mark mask menuitem meter mglyph "
    "output path picture polygon polyline progress q rect ruby samp slot span stop sub summary sup symbol text time "
    "tspan use var video"
)

NAMES: tuple[str, ...] = (
    "",
    *sorted(
        {name for table in (_CONTENT, _RULES, _ENDS, _TRAITS) for names in table.values() for name in names.split()}
        | set(_OTHERS.split())
    ),
)
"""Names of the known elements, by number. Number 0 is no element."""

IDS = {name: number for number, name in enumerate(NAMES)}
"""Numbers of the known elements, by name in lower case."""

FIRST_UNKNOWN = len(NAMES)
"""Number of the first unknown name of a page."""

LAST_NAME = FIRST_UNKNOWN + MAX_UNKNOWN
"""Number of all names after the `MAX_UNKNOWN` first unknown ones."""


def _by_number(table: dict[int, str]) -> list[int]:
    numbers = [0] * FIRST_UNKNOWN
    for value, names in table.items():
        for name in names.split():
            numbers[IDS[name]] |= value
    return numbers


CONTENT = _by_number({int(key): names for key, names in _CONTENT.items()})
RULES = _by_number({int(key): names for key, names in _RULES.items()})
ENDS = _by_number({int(key): names for key, names in _ENDS.items()})
TRAITS = _by_number({int(key): names for key, names in _TRAITS.items()})
