"""Differential privacy's numbers a second time, from the papers, in exact or high-precision arithmetic.

Nothing here was looked up in the C++ code but the order in which a draw takes its random bytes (privacy/random_bits.h,
samplers.h), which is a format of ours. Where a formula is closed it is closed here and numeric there, or the other way.

    selection   Desfontaines, Voss, Gipson, Mandayam 2020, theorem 1 (the recursion, in 50 digits)
    zCDP        Canonne, Kamath, Steinke 2020, proposition 12; Bun, Steinke 2016
    Gaussian    Balle, Wang 2018, theorem 8
    losses      sums over exact losses of compositions; n Gaussians are one of sigma / sqrt(n)
    draws       Canonne, Kamath, Steinke 2020, algorithms 1 to 3; McKenna, Sheldon 2020
"""

import math
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 50


# ---- partition selection

def selection(epsilon, delta, groups, units_min, units):
    growth = (Decimal(epsilon) / groups).exp()
    delta = Decimal(delta) / groups
    p = Decimal(0)
    for _ in range(units - (units_min - 1)):
        p = min(growth * p + delta, 1 - (1 - p - delta) / growth, Decimal(1))
    return p if units >= units_min else Decimal(0)


# ---- noise

def laplace(per_group, groups, epsilon):
    """Scale and standard deviation on the integers."""
    rate = Fraction(epsilon) / (per_group * groups)
    a = math.exp(-rate)
    return float(1 / rate), math.sqrt(2 * a) / (1 - a)


def laplace_half_width(per_group, groups, epsilon, confidence):
    """The least w with P[|X| > w] <= 1 - confidence, by adding up the tail."""
    rate = float(Fraction(epsilon) / (per_group * groups))
    a = math.exp(-rate)
    w = 0
    while 2 * a ** (w + 1) / (1 + a) > 1 - confidence:
        w += 1
    return w


def gaussian_sigma(per_group, groups, rho):
    return math.sqrt(Fraction(groups) * per_group ** 2 / (2 * Fraction(rho)))


# ---- zCDP and the analytic Gaussian

def phi(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def gaussian_delta(sigma, epsilon):
    half = 1 / (2 * sigma)
    return phi(half - epsilon * sigma) - math.exp(epsilon) * phi(-half - epsilon * sigma)


def bisect(wanted_from, low, high, steps=200):
    """The least x at which wanted_from(x) holds, if it holds from some point on."""
    for _ in range(steps):
        middle = (low + high) / 2
        if wanted_from(middle):
            high = middle
        else:
            low = middle
    return high


def analytic_sigma(epsilon, delta):
    return bisect(lambda s: gaussian_delta(s, epsilon) <= delta, 1e-6, 1e6)


def zcdp_delta(rho, epsilon):
    """inf over alpha of exp((alpha-1)(alpha rho - epsilon)) / (alpha-1) * (1 - 1/alpha)^alpha, on a fine list."""
    best = 1.0
    for i in range(-4000, 8000):
        beyond = math.exp(i / 400)
        alpha = 1 + beyond
        log_delta = beyond * (alpha * rho - epsilon) - math.log(beyond) + alpha * math.log(beyond / alpha)
        best = min(best, math.exp(min(0.0, log_delta)))
    return best


# ---- losses of compositions

def delta_of_losses(losses, infinite, epsilon):
    """losses: {loss: probability under P}."""
    return infinite + sum(p * -math.expm1(epsilon - loss) for loss, p in losses.items() if loss > epsilon)


def pure_losses(epsilon, delta, count):
    """`count` times randomised response: a binomial number of the unlikely answers."""
    unlikely = 1 / (1 + math.exp(epsilon))
    losses = {}
    for k in range(count + 1):
        p = math.comb(count, k) * unlikely ** k * (1 - unlikely) ** (count - k)
        losses[(count - 2 * k) * epsilon] = p * (1 - delta) ** count
    return losses, 1 - (1 - delta) ** count


def discrete_laplace_losses(rate, sensitivity, count):
    """Losses are whole multiples of the rate: added up exactly."""
    a = math.exp(-rate)
    at = lambda x: (1 - a) / (1 + a) * a ** abs(x)
    one = {}
    for x in range(1, sensitivity):
        one[sensitivity - 2 * x] = at(x)
    one[sensitivity] = 1 / (1 + a)
    one[-sensitivity] = a ** sensitivity / (1 + a)
    total = {0: 1.0}
    for _ in range(count):
        after = {}
        for x, p in total.items():
            for y, q in one.items():
                after[x + y] = after.get(x + y, 0) + p * q
        total = after
    return {k * rate: p for k, p in total.items()}


def epsilon_of(delta_at, delta, high=100.0):
    return 0.0 if delta_at(0) <= delta else bisect(lambda e: delta_at(e) <= delta, 0.0, high)


# ---- draws, byte for byte

class Bytes:
    """splitmix64, one byte a step, read in blocks of 64: InsecureRngForTest behind RandomBits."""

    def __init__(self, seed):
        self.state = seed & (2 ** 64 - 1)

    def byte(self):
        self.state = (self.state + 0x9e3779b97f4a7c15) % 2 ** 64
        z = self.state
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9 % 2 ** 64
        z = (z ^ z >> 27) * 0x94d049bb133111eb % 2 ** 64
        return (z ^ z >> 31) & 0xff

    def below(self, n):
        bits = (n - 1).bit_length()
        if bits == 0:
            return 0
        while True:
            value = int.from_bytes([self.byte() for _ in range((bits + 7) // 8)], 'big') % 2 ** bits
            if value < n:
                return value

    def bernoulli_exp_fraction(self, n, d):
        k = 1
        while (k == 1 or self.below(k) == 0) and self.below(d) < n:
            k += 1
        return k % 2 == 1

    def bernoulli_exp(self, n, d):
        for _ in range(n // d):
            if not self.bernoulli_exp_fraction(1, 1):
                return False
        return self.bernoulli_exp_fraction(n % d, d)

    def geometric(self, n, d):
        while True:
            fine = self.below(d)
            if self.bernoulli_exp_fraction(fine, d):
                break
        whole = 0
        while self.bernoulli_exp_fraction(1, 1):
            whole += 1
        return (fine + d * whole) // n

    def discrete_laplace(self, n, d):
        while True:
            negative = self.byte() & 1
            size = self.geometric(n, d)
            if not (negative and size == 0):
                return -size if negative else size

    def discrete_gaussian(self, a, b):
        t = math.isqrt(a // b) + 1
        while True:
            y = self.discrete_laplace(1, t)
            if self.bernoulli_exp((abs(y) * t * b - a) ** 2, 2 * a * b * t * t):
                return y

    def permute_and_flip(self, rates, denominator):
        order = list(range(len(rates)))
        for at in range(len(order)):
            pick = at + self.below(len(order) - at)
            order[at], order[pick] = order[pick], order[at]
            if self.bernoulli_exp(rates[order[at]], denominator):
                return order[at]
        raise AssertionError('the best bin is always taken')


def noisy(kind, per_group, groups, amount, exact, seed):
    """One released value of additive_noise.h: the grid, the parameter, the draw."""
    step_bits = 20 if kind == 'laplace' else 16
    shift = max(0, per_group.bit_length() - step_bits)
    steps = -(-per_group // 2 ** shift)
    bits = Bytes(seed)
    if kind == 'laplace':
        rate = Fraction(amount) / (groups * steps)
        noise = bits.discrete_laplace(rate.numerator, rate.denominator)
    else:
        variance = Fraction(groups * steps ** 2) / (2 * Fraction(amount))
        if variance > 2 ** 20 - 1:
            variance = Fraction(math.ceil(variance))
        else:
            variance = Fraction(math.ceil(variance * 2 ** 20), 2 ** 20)
        noise = bits.discrete_gaussian(variance.numerator, variance.denominator)
    half = 2 ** shift // 2
    return ((exact + half) // 2 ** shift + noise) * 2 ** shift


def quantile_bin(epsilon, numerator, denominator, rows, seed, counts):
    wanted = sum(counts) * numerator
    before = 0
    distances = []
    for count in counts:
        distances.append(max(0, before * denominator - wanted, wanted - (before + count) * denominator))
        before += count
    factor = Fraction(epsilon) / (2 * max(numerator, denominator - numerator) * rows)
    rates = [factor.numerator * (d - min(distances)) for d in distances]
    return Bytes(seed).permute_and_flip(rates, factor.denominator)
