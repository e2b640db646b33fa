"""PTP over TCP/IP (CIPA DC-005): an initiator copies pictures from a responder, the camera."""
