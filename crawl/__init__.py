"""Crawling and extraction: sites and feeds to WARC, WARC to documents."""
