"""CRCP, the Camera Recorder Control Protocol (draft-ohta-ccc-video-01), for both of its roles."""
