"""The trial's stand-in of Stripe: a process of its own that the real SDK talks to. It knows nothing of the site."""
