"""What starts and stops the site on one machine: `make run`, and the private PostgreSQL of the tests."""
