"""Images: everything that shows and describes pictures, built from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from app.images.decoders import Decoders
from app.images.facts import ImageFacts
from app.images.proxy import FetchFile, ImageProxy
from app.images.signing import ImageSigner, load_key
from app.images.store import DiskStore
from app.settings import Settings
from app.storage.single_flight import SingleFlight


@dataclass(frozen=True, slots=True)
class Images:
    """Parts for pictures. `signer` makes URLs, `proxy` answers them, `facts` describes pictures."""

    signer: ImageSigner
    proxy: ImageProxy
    facts: ImageFacts
    decoders: Decoders

    @classmethod
    def open(cls, settings: Settings, fetch: FetchFile) -> Images:
        """Build the parts; processes start with the first picture."""
        decoders, signer = Decoders(), open_signer(settings)
        store = DiskStore(settings.data_dir / "images", settings.image_cache_bytes)
        flights = SingleFlight(settings.data_dir / "turns-images")
        proxy = ImageProxy(fetch, decoders, store, flights, timeout=settings.batch_timeout)
        return cls(signer, proxy, ImageFacts(fetch, decoders, store, flights, signer), decoders)

    def close(self) -> None:
        """End the decoder processes."""
        self.decoders.close()


def open_signer(settings: Settings) -> ImageSigner:
    """Open the signer of this server's image URLs; the first start makes a key."""
    return ImageSigner(settings.image_key or load_key(settings.data_dir / "image.key"))
