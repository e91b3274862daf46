"""The whole road, walked on the embedded site."""
