"""Titles: by the tags of the page, less its site, and as its headings show them."""

from __future__ import annotations

import pytest

from app.metadata import read_metadata
from tests.metadata.reading import document


def title(html: str, url: str = "https://example.com/a/x") -> str | None:
    return read_metadata(document(html, url)).title


def both(tag: str, body: str) -> str:
    return f'<title>{tag}</title><meta property="og:title" content="{tag}">{body}'


@pytest.mark.parametrize(
    "body",
    [
        "<nav><h4>Workshop questions</h4></nav><div>How do I mend a torn sail?</div>",
        "<aside><h2>Workshop questions</h2></aside>",
        "<ol class=breadcrumb><li><h3>Workshop questions</h3></ol>",
        "<div><h2>Workshop questions</h2></div>",
    ],
)
def test_the_heading_of_a_section_replaces_no_title(body: str) -> None:
    tag = "How do I mend a torn sail? | Workshop questions"
    assert title(both(tag, body)) == tag


def test_a_lower_heading_with_the_first_part_is_the_title() -> None:
    page = both("How do I mend a torn sail? | Workshop questions", "<h2>How do I mend a torn sail?</h2>")
    assert title(page) == "How do I mend a torn sail?"


def test_a_part_of_the_name_of_a_thing_is_kept() -> None:
    page = both("Enamel kettle 1.5 l, forest green", "<h1>Enamel kettle</h1>")
    assert title(page) == "Enamel kettle 1.5 l, forest green"


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        ("Enamel kettle 1.5 l | Fine things for kitchens", "<h1>Enamel kettle 1.5 l</h1>"),
        ("Enamel kettle 1.5 l Kitchen", "<nav><a>Kitchen</a></nav><h1>Enamel kettle 1.5 l</h1>"),
        ("Example Enamel kettle 1.5 l", "<h1>Enamel kettle 1.5 l</h1>"),
    ],
)
def test_a_heading_cuts_off_slogans_sections_and_sites(tag: str, body: str) -> None:
    assert title(both(tag, body)) == "Enamel kettle 1.5 l"


def test_templates_hold_no_title() -> None:
    ghost = '<template><title>Ghost</title><meta property="og:title" content="Ghost"><h1>Ghost of kites</h1></template>'
    assert title(f"{ghost}<title>A plain page about kites</title>{ghost}") == "A plain page about kites"


@pytest.mark.parametrize("svg", ["<svg class=sprite />", "<svg><path d=x>", '<svg viewBox="0 0 1 1"/>'])
def test_an_svg_hides_nothing_behind_it(svg: str) -> None:
    assert title(f"<body>{svg}<h1>Kites are up in the north</h1>") == "Kites are up in the north"


def test_markup_in_an_attribute_is_no_markup() -> None:
    page = '<title>Kites</title><a title="the <svg> element" data-html="<h1>Ghost</h1>">x</a><h1>Kites up north</h1>'
    assert title('<meta property="og:title" content="Kites up north – Kite Times">' + page) == "Kites up north"


def test_a_heading_for_readers_without_scripts_is_none() -> None:
    assert title("<body><noscript><h1>Please switch on JavaScript</h1></noscript>") is None


def test_a_leading_separator_is_removed() -> None:
    assert title("<title>- Home</title>") == "Home"


def test_a_title_that_names_the_site_alone_gives_way_to_another() -> None:
    site = '<meta property="og:site_name" content="Wind.example"><meta property="og:title" content="Wind.example">'
    assert title(f"{site}<title>Kite flights by county</title>") == "Kite flights by county"
    assert title(f"{site}<title>Wind.example</title>") == "Wind.example"


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\U000e0041"])
def test_characters_that_reorder_or_hide_text_are_removed(char: str) -> None:
    assert title(f"<title>Kites {char}gnp.exe and more</title>") == "Kites gnp.exe and more"


@pytest.mark.parametrize(
    "text", ["Ski in \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", "می‌خواهم"]
)
def test_emoji_flags_and_joiners_stay(text: str) -> None:
    assert title(f"<title>{text}</title>") == text


def test_leaked_markup_is_removed() -> None:
    assert title('<meta property="og:title" content="The &lt;em&gt;Kite&lt;/em&gt; book">') == "The Kite book"


def test_what_the_tags_say_stays_untouched() -> None:
    card = read_metadata(document('<meta property="og:title" content="How to write &amp;lt;br&amp;gt; as text">'))
    assert card.open_graph.title == "How to write &lt;br&gt; as text"


def test_a_tag_with_two_names_has_both() -> None:
    card = read_metadata(document('<meta name="twitter:title" property="og:title" content="Kites of the north">'))
    assert (card.open_graph.title, card.twitter.title) == ("Kites of the north", "Kites of the north")


@pytest.mark.parametrize(
    "html",
    [
        '<script src="a.js"/><title>Kites &amp; XML</title>',
        "<style/><title>Kites &amp; XML</title>",
        "<title/><title><![CDATA[Kites & XML]]></title>",
        '<script type="text/x">//<![CDATA[\n "</p/>" //]]></script><title>Kites &amp; XML</title>',
    ],
)
def test_empty_elements_of_xhtml_hide_nothing(html: str) -> None:
    page = document(f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{html}</head></html>')
    xhtml = type(page.page)(page.page.url, page.page.url, 200, "application/xhtml+xml", page.page.body)
    assert read_metadata(type(page)(xhtml)).title == "Kites & XML"


@pytest.mark.parametrize(
    "tag",
    [
        "Waxing a thread – Example's Forum",
        "Waxing a thread - example.com",
        "Waxing a thread | Example US",
        "Waxing a thread / Threads and cords / Example Forums",
        "Waxing a thread - Example - Example Blog",
    ],
)
def test_a_last_part_with_the_name_of_the_domain_is_cut_off(tag: str) -> None:
    assert title(f"<title>{tag}</title>") == "Waxing a thread"


@pytest.mark.parametrize(
    "tag", ["Waxing a thread: what Example told us", "Waxing a thread - how the Example company of Kent does it"]
)
def test_a_part_of_a_sentence_with_the_name_of_the_domain_stays(tag: str) -> None:
    assert title(f"<title>{tag}</title>") == tag


@pytest.mark.parametrize("tag", ["Example: Threads for every kite", "Example - Threads for every kite"])
def test_the_front_page_keeps_its_name_before_its_slogan(tag: str) -> None:
    assert title(f"<title>{tag}</title>", "https://example.com/") == tag
    assert title(f"<title>{tag}</title>", "https://example.com/threads") == "Threads for every kite"


@pytest.mark.parametrize(
    ("heading", "shown"),
    [
        ('Waxing threads<a href="#waxing">¶</a>', "Waxing threads"),
        ('<a href="#waxing">#</a> Waxing threads', "Waxing threads"),
        ('Waxing threads <a href="#waxing">🔗</a>', "Waxing threads"),
        ("#1 in threads", "#1 in threads"),
        ("Threads in C#", "Threads in C#"),
        ("§ 12 Threads and cords", "§ 12 Threads and cords"),
    ],
)
def test_the_link_of_a_heading_to_itself_is_no_part_of_it(heading: str, shown: str) -> None:
    assert title(f"<h1>{heading}</h1>") == shown


@pytest.mark.parametrize(
    ("tag", "shown"),
    [("Knots | Ropes and more from the harbour", "Knots"), ("Knots: ropes and more", "Knots: ropes and more")],
)
def test_a_short_heading_is_the_title_where_that_begins_with_it(tag: str, shown: str) -> None:
    assert title(f"<title>{tag}</title><h1>Knots</h1>") == shown


def test_a_long_heading_is_no_other_version_of_a_title() -> None:
    tag = "The ten best repairs of a torn sail"
    page = both(
        tag, f"<h1>Learn which repairs of a torn sail are the best. {'We tell you all that we know. ' * 5}</h1>"
    )
    assert title(page) == tag


def test_a_title_that_reddit_gives_every_page_is_none() -> None:
    tag = "Reddit - The heart of the internet"
    assert title(f"<title>{tag}</title><h1>Enamelled pans and metal</h1>", "https://www.reddit.com/r/a/1") == (
        "Enamelled pans and metal"
    )
