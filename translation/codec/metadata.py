"""Words inside a picture's file: PNG text chunks, and XMP packets where a format has no such chunks."""

from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from PIL.PngImagePlugin import PngInfo

STANDARD = {"Software": "xmp:CreatorTool"}  # every other key is a property of our own
OWN = "sjmvi"
NAMESPACES = {
    "xmlns:xmp": "http://ns.adobe.com/xap/1.0/",
    f"xmlns:{OWN}": "urn:sjmvi:receipt#",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def png_text(text: Mapping[str, str]) -> dict[str, object]:
    chunks = PngInfo()
    for key, value in text.items():
        chunks.add_text(key, value)
    return {"pnginfo": chunks}


def xmp(text: Mapping[str, str]) -> dict[str, object]:
    """SJMVI-Model-Digest is the property ModelDigest of our namespace."""
    if not text:
        return {}
    named = {STANDARD.get(key, f"{OWN}:{_property(key)}"): value for key, value in text.items()}
    attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in (NAMESPACES | named).items())
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" {attributes}/></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="r"?>'
    )
    return {"xmp": packet.encode()}


def no_text(_: Mapping[str, str]) -> dict[str, object]:
    return {}


def _property(key: str) -> str:
    return key.removeprefix("SJMVI-").replace("-", "")
