from __future__ import annotations

from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management.base import BaseCommand

from marketplace.demo.people import TOTP_SECRET


class Command(BaseCommand):
    help = "Print the one-time code with which the trial’s staff accounts sign in now."

    def handle(self, *args: Any, **options: Any) -> None:
        counters = list(yield_hotp_counters_from_time())  # those accepted now, the current one in their middle
        counter = counters[len(counters) // 2]
        self.stdout.write(format_hotp_value(hotp_value(TOTP_SECRET, counter)))
