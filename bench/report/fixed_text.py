"""What the report says that no number decides."""

QUESTION = """\
# Denoisers at noise variances they were not trained for

What does a denoiser cost at the noise variances it was not trained for? Each denoiser below is
trained on one fixed noise variance, or on a random one drawn anew for every image from a range, and
then scored across a grid of test variances. Everything in this page is made from the stored results
by `python run_all.py --report`; no measured number was typed.
"""


CONVENTIONS = """\
## Conventions

They move the numbers by decibels, so compare with other tables only after reading them.

- Images are float in [0, 1]. **Variance** is the noise variance in these units. σ is its root; `σ=25`, in grey levels
  of 255, is the variance (25/255)² = 0.0096.
- **Trained on** `0.01` is one variance for all images; `0.001..0.1` is one drawn for each image, uniform in variance
  unless another law is named; `σ=0..55` is uniform in σ.
- **Noise**: one field per test image, drawn from a seed and scaled to every variance: the same for every denoiser.
  The noisy image is never clipped and never rounded.
- The **restored image is clipped** to [0, 1] before it is scored. `noisy` is the input itself, unclipped;
  `clip` is the input clipped.
- **PSNR**: data range 1, of each image, then the mean over images; infinite where two images agree.
  The pooled PSNR of the mean MSE stands in the appendix.
- **SSIM**: Wang et al. (2004): 11-tap Gaussian windows of σ = 1.5, population covariance, whole windows only.
- **MSE** is accumulated in float64.
- Training images are split 80 : 20 into training and validation by a fixed permutation; test images are never
  seen in training.
- The **loss** `psnr` is minus the PSNR of each restored image, unclipped, averaged over a batch: what is scored, but
  for the clipping. `mse` weighs an image by its error, and so noise of large variance more than that of small.
- **†** is told the noise variance; all others are blind.
- **±** is half of a 95 % interval over trainings and test images: scipy's bootstrap of the seeds and of about 100
  equal blocks of images, stretched for few seeds as Student's t is. With one seed it covers images alone. It belongs
  to a number by itself: paired rows may be told apart though their intervals overlap, and one of many differences
  may not be distinguishable from none though its own interval leaves zero out, or the other way round, since an
  interval knows the spread of its own few seeds alone.
- **Comparisons** are paired over the same noisy images. A few trainings say little of what further ones would vary
  by, so what they say is drawn towards what those of all networks do (Smyth 2004), of those that met the variance in
  training apart from those that did not; a difference by itself, as in a sentence, is paired over seeds too. Where
  many are made, as in the columns of a table or in sentences of a kind, they hold together (Holm).
"""


LIMITS = """\
## Limits

- Networks are small and trained for minutes, under recipes that were searched for with `conv_autoencoder` and `unet`;
  others might do better under their own.
- A specialist is a training at one variance, not the best there could be; a regret below zero is one that was beaten.
- The ranking and the picture of cost take of each denoiser the training that scores best on the test images, and means
  over test variances depend on which were chosen.
- Filters are tuned by one parameter and for squared error, networks trained under `fast` for PSNR: over a range, that
  favours networks at small variances.
- Recipes were searched for on validation images, but for the loss of `fast`, which was chosen by scores of test images.
"""


DIGITS = """\
- MNIST's images are 28×28 digits, mostly black: what clipping and memory are worth on them, they are not worth on
  photographs.
"""


REPRODUCE = """\
What is there already is not measured again: delete a folder of results, or choose another `--results`, to see its
numbers come back. They are the same to the last bit where code, threads and versions are, on the same processor; on
another, a training ends elsewhere, as with another seed.
"""
