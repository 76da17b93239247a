"""What the processor draws by itself, in numpy, because ONNX Runtime's kernels for it are much slower.

* `siren`: the networks of THA4 students. A student is a SIREN (Sitzmann et al. 2020, "Implicit Neural Representations with
  Periodic Activation Functions"): layers of sin(W·x + b), evaluated for every pixel from its position and the pose. ONNX
  Runtime takes the sine on one thread without wide vectors, and its 1×1 convolutions carry 45 constant planes of pose
  through the full resolution. Here a band of pixels goes through all layers while it is in the cache, all threads at once,
  and three identities save a third of the arithmetic: constant planes are a bias; planes of x and y are sums of a row and a
  column; a 1×1 convolution and bilinear enlarging can be exchanged.
* `painting`: how students, THA3 and THA4 end: a warped picture, painted over, as 8 bits of sRGB.

Their place among the backends is `backends/siren.py` and `backends/painted.py`.
"""
