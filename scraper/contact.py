"""The option by which whoever crawls says where a web master can reach them."""

from __future__ import annotations

import click

from scraper.settings import CONTACT_SETTING

contact_option = click.option(
    "--contact",
    envvar=CONTACT_SETTING,
    show_envvar=True,
    help="Address (web page or mail) at which a web master can reach you; sent with every request.",
)
