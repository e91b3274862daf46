"""EUR-Lex: consolidated acts of the European Union in English, from Cellar, the Publications Office's repository.

EUR-Lex itself turns programs away and points them to Cellar, whose SPARQL endpoint lists the XHTML files of the works
(https://op.europa.eu/en/web/cellar/cellar-data/metadata/knowledge-graph). The legal notice puts consolidated texts
under CC BY 4.0; other acts may be reused under Decision 2011/833/EU, which names no such licence, so they are not
listed. The query takes the newest 1,000; others take a query of their own.
"""

from __future__ import annotations

from urllib.parse import urlencode

from gonerd.crawl.sources import SOURCES, Discovery, Licence, Source

_AUTHORITY = "http://publications.europa.eu/resource/authority"
_QUERY = f"""PREFIX cdm: <http://publications.europa.eu/ontology/cdm#>
SELECT DISTINCT ?item ?date WHERE {{
  ?work cdm:work_has_resource-type <{_AUTHORITY}/resource-type/CONS_TEXT> ; cdm:work_date_document ?date .
  ?expression cdm:expression_belongs_to_work ?work ; cdm:expression_uses_language <{_AUTHORITY}/language/ENG> .
  ?manifestation cdm:manifestation_manifests_expression ?expression ; cdm:manifestation_type ?type .
  ?item cdm:item_belongs_to_manifestation ?manifestation .
  FILTER(STR(?type) = "xhtml")
}} ORDER BY DESC(?date) LIMIT 1000"""
_PARAMETERS = urlencode({"query": _QUERY, "format": "application/sparql-results+json"})

SOURCES.register("eur_lex")(
    Source(
        name="eur_lex",
        title="EUR-Lex consolidated acts, Cellar",
        domain="legal",
        hosts=("publications.europa.eu",),
        discovery=(
            Discovery(
                "json",
                f"https://publications.europa.eu/webapi/rdf/sparql?{_PARAMETERS}",
                {"items": "results.bindings", "url": "item.value", "modified": "date.value"},
            ),
        ),
        licence=Licence(
            id="CC-BY-4.0",
            evidence="https://eur-lex.europa.eu/content/legal-notice/legal-notice.html",
            note="Consolidated texts; they are for information, the Official Journal alone is authentic.",
        ),
        pages=r"https?://publications\.europa\.eu/resource/cellar/[0-9a-f-]+\.\d{4}\.\d{2}/DOC_\d+",
    )
)
