"""Pictures of the person: from a camera of this computer, or from a source of OBS. OpenCV is imported by the threads only."""
