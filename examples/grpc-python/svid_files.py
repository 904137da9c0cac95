"""An SVID in files, as a node agent keeps them."""
import os


class SvidFiles:
    """Reads key, chain and bundle of one moment, and tells whether they are new."""

    def __init__(self, folder):
        self._certificate = os.path.join(folder, "svid.pem")
        self._place = None

    def changed(self):
        """(key, chain, bundle) as PEM bytes when they are others than the last time, else None."""
        # The three are links through one folder, which the agent swaps in one step. Resolved once, all are of the same certificate.
        place = os.path.dirname(os.path.realpath(self._certificate))
        if place == self._place:
            return None
        try:
            parts = tuple(self._read(os.path.join(place, name)) for name in ("svid.key", "svid.pem", "bundle.pem"))
        except FileNotFoundError:
            return None  # Swapped meanwhile: the next look finds the new ones.
        self._place = place
        return parts

    @staticmethod
    def _read(path):
        with open(path, "rb") as file:
            return file.read()
