# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""Gradient-boosted decision trees, compiled; `trees` is the same in Python."""

from libc.math cimport exp
from libc.stdlib cimport free, malloc


cdef class Forest:
    """Trees as columns of nodes. A child under 0 is the leaf `-1 - child`."""

    cdef int[:] roots
    cdef int[:] features
    cdef float[:] thresholds
    cdef int[:] children
    cdef float[:] leaves

    def __init__(self, roots, features, thresholds, children, leaves):
        self.roots = roots
        self.features = features
        self.thresholds = thresholds
        self.children = children
        self.leaves = leaves

    def probabilities(self, list rows):
        """Logistic function of the sum of the leaves that each row, a list of floats, comes to."""
        cdef list found = [], values
        cdef Py_ssize_t width = len(rows[0]) if rows else 0, n
        cdef double *row = <double *> malloc(max(width, 1) * sizeof(double))
        if row == NULL:
            raise MemoryError
        try:
            for values in rows:
                for n in range(width):
                    row[n] = <double> values[n]
                found.append(1 / (1 + exp(-self.sum(row))))
        finally:
            free(row)
        return found

    cdef double sum(self, const double *row) noexcept:
        cdef double total = 0
        cdef Py_ssize_t tree
        cdef int node
        for tree in range(self.roots.shape[0]):
            node = self.roots[tree]
            while node >= 0:
                node = self.children[2 * node + (row[self.features[node]] > self.thresholds[node])]
            total += self.leaves[-1 - node]
        return total
