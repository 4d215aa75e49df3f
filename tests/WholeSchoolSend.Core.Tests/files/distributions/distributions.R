# R's own values of the distribution functions and quantiles that the estimators use: base R, no package.
#
#   Rscript distributions.R all                          the whole grid, tails included, to standard output
#   Rscript distributions.R sample > distributions.csv   some fifty points of each kind, which are kept beside this file
#
# Columns: what, three arguments (the last ones empty where there are fewer), R's value with all its digits.
which <- commandArgs(trailingOnly = TRUE)[1]

tails <- c(0.5, 0.4, 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)
degrees <- c(0.5, 0.7, 1, 1.3, 2, 2.5, 3, 4, 5, 7.3, 10, 15.5, 30, 62, 100, 317.7, 999, 5000, 24998, 1e6)
both <- c(1e-10, 1e-6, 1e-4, 0.001, 0.005, 0.025, 0.05, 0.1, 0.5, 0.9, 0.95, 0.975, 0.995, 0.999, 1 - 1e-4, 1 - 1e-6)
shapes <- c(0.05, 0.3, 0.5, 1, 1.5, 2, 5.2, 10, 33.3, 100, 512.25, 1000, 5000, 25000, 1e5)
statistics <- c(0.001, 0.05, 0.3, 0.7, 1, 1.5, 1.96, 2.5, 3.84, 6.6, 10, 20, 37, 60, 120)

# R's qt below one degree of freedom is off in the tail (qt(1e-12, 0.5) by 1e-4: pt of it is 5e-5 away), and no estimator has so few.
grid <- rbind(
  transform(expand.grid(what = "t quantile", a = tails, b = degrees[degrees >= 1], c = NA), value = qt(a, b, lower.tail = FALSE)),
  transform(expand.grid(what = "normal quantile", a = c(tails, 1e-15, 1e-20, 1e-50, 1e-100), b = NA, c = NA), value = qnorm(a, lower.tail = FALSE)),
  transform(expand.grid(what = "beta quantile", a = both, b = shapes, c = shapes), value = qbeta(a, b, c)),
  transform(expand.grid(what = "t two-sided", a = c(0, statistics), b = degrees, c = NA), value = 2 * pt(-abs(a), b)),
  transform(expand.grid(what = "normal two-sided", a = c(0, statistics[statistics < 38]), b = NA, c = NA), value = 2 * pnorm(-abs(a))),
  transform(expand.grid(what = "chi-square upper", a = statistics, b = c(1, 2, 3, 5, 8, 10.5, 30, 100), c = NA), value = pchisq(a, b, lower.tail = FALSE)),
  transform(expand.grid(what = "F upper", a = statistics, b = c(1, 2, 3.5, 8, 30), c = degrees), value = pf(a, b, c, lower.tail = FALSE)))
# What is smaller than this is no probability anybody publishes, and doubles run out soon after.
grid <- grid[is.finite(grid$value) & (grid$value == 0 | abs(grid$value) > 1e-250), ]
if (which == "sample") grid <- do.call(rbind, lapply(split(grid, grid$what), function(one) one[seq(1, nrow(one), by = ceiling(nrow(one) / 50)), ]))
text <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))
cat("what,a,b,c,value\n")
cat(paste(grid$what, text(grid$a), text(grid$b), text(grid$c), text(grid$value), sep = ","), sep = "\n")
