"""Health: what each run shows of its site, what is out of the ordinary, and the alarms that say so."""
