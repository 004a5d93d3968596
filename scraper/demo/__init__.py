"""The demo press: a small local web server with fictional provincial papers."""
