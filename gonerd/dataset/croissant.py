"""Croissant metadata of a release: its files with their hashes, and its configs as record sets with typed fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gonerd.labels import BIO_TAGS

from .schema import CONFIGS, SPLITS, features

CREATOR = "The GONERD authors"
KEYWORDS = ("named-entity recognition", "long documents", "news", "legal", "token classification")
_TERMS = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileObject fileProperty fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source subField transform"
)
# The context that version 1.1 of the standard prescribes; readers warn about any other.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "dct": "http://purl.org/dc/terms/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{term: f"cr:{term}" for term in _TERMS.split()},
}
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean", "int32": "cr:Int32", "int64": "cr:Int64", "float64": "cr:Float64"}
_SPDX = {"cc0-1.0": "CC0-1.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-sa-4.0": "CC-BY-SA-4.0"}
_PARQUET = "application/x-parquet"


def croissant(
    files: Mapping[str, Mapping[str, Any]],
    *,
    name: str,
    version: str,
    description: str,
    license: str,
    date_published: str | None = None,
    url: str | None = None,
    cite_as: str | None = None,
    keywords: Sequence[str] = KEYWORDS,
    languages: Sequence[str] = ("en",),
) -> dict[str, Any]:
    """Describes a release in Croissant 1.1, the JSON-LD vocabulary for datasets of https://docs.mlcommons.org/croissant/.

    Paths are relative, so that the description holds wherever the folder is copied. The same arguments give the same
    result, whatever the order of `files`.

    Args:
        files: From path inside the release to "sha256" and "bytes"; parquet files under `data/<config>/`.
        name: Name of the dataset.
        version: Its version, "major.minor.patch".
        description: What it is, in a sentence or two.
        license: SPDX or hub identifier, an address, or "other" when each document has its own.
        date_published: ISO 8601 date; left out when None.
        url: Page of the dataset; left out when None.
        cite_as: BibTeX entry; made from name, version, date and url when None.
        keywords: What to find it by.
        languages: ISO 639-1 codes.

    Returns:
        The JSON-LD, for `croissant.json` beside the release's `README.md`.

    Raises:
        UsageError: A parquet file lies under the name of an unknown config.
    """
    shards: dict[str, list[str]] = {config: [] for config in CONFIGS}
    for path in sorted(files):
        if path.endswith(".parquet"):
            config = path.removeprefix("data/").partition("/")[0]
            features(config)  # raises for an unknown one
            shards[config].append(path)
    held = [config for config, paths in shards.items() if paths]
    about = {
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "license": _license(license),
        "url": url,
        "version": version,
        "datePublished": date_published or None,
        "creator": {"@type": "sc:Organization", "name": CREATOR},
        "citeAs": cite_as or _citation(name, version, date_published, url),
        "inLanguage": list(languages),
        "keywords": list(keywords),
    }
    return {
        "@context": dict(_CONTEXT),
        "@type": "sc:Dataset",
        "name": name,
        **{key: value for key, value in about.items() if value is not None},
        "distribution": [
            *(_file_object(path, files[path]) for config in held for path in shards[config]),
            *(_file_set(config) for config in held),
        ],
        "recordSet": [_splits(), _tags(), *(_record_set(config) for config in held)],
    }


def _license(license: str) -> str:
    if license == "other":
        return "Each document has a licence of its own, named in its field 'license'."
    # The hub writes SPDX identifiers in lower case.
    return license if ":" in license else f"https://spdx.org/licenses/{_SPDX.get(license, license)}.html"


def _citation(name: str, version: str, date: str | None, url: str | None) -> str:
    fields = {"title": f"{name}, version {version}", "author": f"{{{CREATOR}}}", "year": (date or "")[:4], "url": url}
    stated = "".join(f", {field} = {{{value}}}" for field, value in fields.items() if value)
    return f"@misc{{{re.sub('[^A-Za-z0-9-]+', '-', name)}{stated}}}"


def _file_object(path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{facts['bytes']} B",
        "encodingFormat": _PARQUET,
        "sha256": facts["sha256"],
    }


def _file_set(config: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{config}-files",
        "name": f"{config}-files",
        "description": f"Parquet files of the config {config!r}.",
        "encodingFormat": _PARQUET,
        "includes": f"data/{config}/*.parquet",
    }


def _splits() -> dict[str, Any]:
    return _enumeration("splits", "cr:Split", "The splits.", [{"splits/name": split} for split in SPLITS])


def _tags() -> dict[str, Any]:
    rows = [{"tags/id": number, "tags/name": tag} for number, tag in enumerate(BIO_TAGS)]
    return _enumeration("tags", "sc:Enumeration", "What the numbers in `ner_tags` stand for.", rows)


def _enumeration(name: str, kind: str, description: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    types = {str: "sc:Text", int: "cr:Int64"}
    fields = [
        {"@type": "cr:Field", "@id": key, "name": key.partition("/")[2], "dataType": types[type(value)]}
        for key, value in rows[0].items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": description,
        "dataType": kind,
        "key": {"@id": next(iter(rows[0]))},
        "field": fields,
        "data": rows,
    }


def _record_set(config: str) -> dict[str, Any]:
    columns = features(config)
    split = {
        "@type": "cr:Field",
        "@id": f"{config}/split",
        "name": "split",
        "description": "The split, which the name of the record's file tells.",
        "dataType": "sc:Text",
        # No reference to the splits' own record set: a reader would hold the whole config in memory to join the two.
        "source": {
            "fileSet": {"@id": f"{config}-files"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": f"data/{config}/({'|'.join(SPLITS)})-.+parquet$"},
        },
    }
    return {
        "@type": "cr:RecordSet",
        "@id": config,
        "name": config,
        "description": f"Each record is {CONFIGS[config]}.",
        **({"key": {"@id": f"{config}/id"}} if "id" in columns else {}),
        "field": [split, *(_field(config, column, feature) for column, feature in columns.items())],
    }


def _field(config: str, column: str, feature: Any) -> dict[str, Any]:
    """Describes a column: a value, a list of values, or a list of mappings, whose keys become sub-fields."""
    found: dict[str, Any] = {"@type": "cr:Field", "@id": f"{config}/{column}", "name": column}
    source = {"fileSet": {"@id": f"{config}-files"}, "extract": {"column": column}}
    inner = getattr(feature, "feature", None)
    if inner is not None:
        found |= {"isArray": True, "arrayShape": "-1"}
    if not isinstance(inner, Mapping):
        return {**found, "dataType": _TYPES[(inner or feature).dtype], "source": source}
    keys = [
        {
            "@type": "cr:Field",
            "@id": f"{config}/{column}/{key}",
            "name": key,
            "dataType": _TYPES[value.dtype],
            "source": {**source, "transform": {"jsonPath": key}},
        }
        for key, value in inner.items()
    ]
    return {**found, "subField": keys}
