"""Fetching: a Scrapy crawl that is polite, bounded and restartable, from listings to WARC files."""
