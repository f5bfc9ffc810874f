"""Whole ways through the site, in a browser, with every real part running."""
