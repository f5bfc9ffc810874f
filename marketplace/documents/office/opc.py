"""DOCX and XLSX: what their parts may be, and be to each other (ECMA-376, part 2: Open Packaging Conventions)."""

from __future__ import annotations

import re
from typing import NamedTuple

from marketplace.documents.office.archives import Archive, whole
from marketplace.documents.office.markup import must_say_nothing_active
from marketplace.documents.office.parts import Acting, elements, is_plain, local, must_be_data

TYPES = "[Content_Types].xml"
RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHARTS = "/charts/_rels/"  # what a chart was drawn from is a workbook beside it
DRAWING = "application/vnd.openxmlformats-officedocument.vmldrawing"
MARKUP = re.compile(r"application/vnd\.(openxmlformats-(officedocument|package)|ms-(word|excel|office))\.[\w.-]+\+xml")
ACTIVE = re.compile(
    r"macro|vba|activex|control|oleobject|externallink|connections|querytable|webextension|keymap|toolbar|dialogsheet"
    r"|volatile|customui|customization|recipient"
)
DATA = {
    *(f"image/{kind}" for kind in ("png", "jpeg", "jpg", "gif", "bmp", "tiff", "tif", "x-emf", "emf", "x-wmf", "wmf")),
    *("image/vnd.ms-photo", "application/vnd.openxmlformats-officedocument.obfuscatedfont", "application/x-font-ttf"),
    *("application/x-fontdata", "application/vnd.openxmlformats-package.digital-signature-origin"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.printersettings",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.printersettings",
}
PLAIN_MARKUP = {"application/xml", "application/inkml+xml", "image/svg+xml", DRAWING}
LISTED = """
officeDocument core-properties extended-properties extendedProperties custom-properties customProperties
customProperty thumbnail styles stylesWithEffects settings webSettings fontTable font
numbering theme themeOverride image hdphoto hyperlink header footer footnotes endnotes comments commentsExtended
commentsIds commentsExtensible people person threadedComment documenttasks customXml customXmlProps glossaryDocument
chart chartEx chartUserShapes chartStyle chartColorStyle diagramData diagramLayout diagramQuickStyle diagramColors
diagramDrawing drawing vmlDrawing legacyDiagramText worksheet chartsheet sharedStrings calcChain table
tableSingleCells xmlMaps pivotTable pivotCacheDefinition pivotCacheRecords slicer slicerCache timeline timelineCache
printerSettings sheetMetadata rdArray rdRichValue rdRichValueStructure rdRichValueTypes rdSupportingPropertyBag
rdSupportingPropertyBagStructure richStyles richValueRel FeaturePropertyBag usernames revisionHeaders revisionLog ink
classificationlabels intelligence origin signature certificate
"""
RELATIONSHIPS = set(LISTED.split())


class Types(NamedTuple):
    """The types that a package declares for its parts: by extension, and by name."""

    by_extension: dict[str, str]
    by_name: dict[str, str]

    @classmethod
    def declared(cls, archive: Archive) -> Types:
        """What `[Content_Types].xml` says; names and extensions are alike in capitals or not."""
        types = cls({}, {})
        for element in elements(archive, TYPES):
            kind = element.get("ContentType", "").lower()
            if local(element.tag) == "Default":
                types.by_extension[element.get("Extension", "").lower()] = kind
            elif local(element.tag) == "Override":
                types.by_name[element.get("PartName", "").lower()] = kind
        return types

    def of(self, name: str) -> str:
        """The type of a part."""
        extension = name.lower().rpartition(".")[2]
        return self.by_name.get(f"/{name.lower()}", self.by_extension.get(extension, ""))


def must_be_still(archive: Archive, *, inside: bool = False) -> None:
    """Refuse (Acting) a package with a part or a relationship that is on no list of ours, or that says to act.

    `inside`: the workbook of a chart, which carries no further one.
    """
    types = Types.declared(archive)
    for kind in types.by_name.values():
        must_be_listed(kind, inside=inside)
    for part in archive.infolist():
        if part.filename != TYPES and not (part.is_dir() and not part.file_size):
            must_be_harmless(archive, part.filename, types.of(part.filename), inside=inside)


def must_be_listed(kind: str, *, inside: bool) -> None:
    """Refuse (Acting) a type that is none of words, figures, drawings, images and fonts."""
    named = MARKUP.fullmatch(kind) and not ACTIVE.search(kind)
    if not named and kind not in DATA | PLAIN_MARKUP and (kind != WORKBOOK or inside):
        raise Acting(kind)


def must_be_harmless(archive: Archive, name: str, kind: str, *, inside: bool) -> None:
    """Refuse (Acting) one part: by its type, then by what it says."""
    must_be_listed(kind, inside=inside)
    if (kind == RELATIONS) != name.lower().endswith(".rels"):
        raise Acting(f"{name}: {kind}")
    if kind == RELATIONS:
        must_lead_inside(archive, name)
    elif kind == WORKBOOK:
        with whole(archive.read(name), archive.bounds) as workbook:
            must_be_still(workbook, inside=True)
    elif kind in DATA:
        must_be_data(archive, name)
    else:
        must_say_nothing_active(archive, name)


def must_lead_inside(archive: Archive, name: str) -> None:
    """Refuse (Acting) a relationship to something outside, but for links to click, or of a sort on no list."""
    for element in elements(archive, name):
        if local(element.tag) != "Relationship":
            continue
        sort = element.get("Type", "").rpartition("/")[2]
        leads_out = element.get("TargetMode", "Internal").lower() != "internal"
        if leads_out and not (sort == "hyperlink" and is_plain(element.get("Target", ""))):
            raise Acting(f"{name}: {sort} outside")
        if sort not in RELATIONSHIPS and not (sort == "package" and CHARTS in name.lower()):
            raise Acting(f"{name}: {sort}")
