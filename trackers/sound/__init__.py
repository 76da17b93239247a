"""The mouth from sound: a microphone or a source of OBS is listened to, and loudness and vowels become the mouth of the pose."""
