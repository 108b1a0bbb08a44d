"""One entry of the catalogue, in the words of a reader."""

from collections.abc import Iterable

from msgspec import Struct


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """One entry of any kind, in the words of a reader."""

    kind: str
    id: str
    name: str
    confirmed: bool | None = None
    """Whether all of it was seen in its source; None where its file does not tell, or where some of
    it was."""
    source: str | None = None
    details: dict[str, str] = {}
    """What it is recognised by and what it means; no text is empty."""

    def holds(self, words: Iterable[str]) -> bool:
        """Whether each word is a part of its kind, id, name or details, in any case."""
        text = "\n".join((self.kind, self.id, self.name, *self.details.values())).casefold()
        return all(word.casefold() in text for word in words)


def told(**details: str | Iterable[str] | None) -> dict[str, str]:
    """Keep what there is to tell; several things are joined by commas."""
    texts = {
        key: value if isinstance(value, str) else ", ".join(value)
        for key, value in details.items()
        if value is not None
    }
    return {key: text for key, text in texts.items() if text}
