from __future__ import annotations

import gc
import weakref

from app.metadata import flat_fields, read_json_ld, read_metadata, read_microdata
from tests.metadata.reading import document

PAGE = """<title>Kites up north | Wind</title><meta name="keywords" content="凧、風，糸, sky"><h1>Kites up north</h1>
<div class="teaser byline">By Ida Roe, 6 May 2024</div><p itemscope><b itemprop=name>x</b></p><img src=/k.jpg>
<script type="application/ld+json">{"@type": "Article", "author": {"@id": "#a"}}</script>"""


def test_a_page_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        page = document(PAGE)
        flat_fields(page, read_metadata(page))
        read_json_ld(page)
        read_microdata(page)
        alive = [weakref.ref(page), weakref.ref(page.body), weakref.ref(page.metas)]
        del page
        assert [each() for each in alive] == [None, None, None]
    finally:
        gc.enable()


def test_keywords_are_separated_by_the_commas_of_all_scripts() -> None:
    assert read_metadata(document(PAGE)).meta.keywords == ("凧", "風", "糸", "sky")
