"""Efficient-attention encoders: conversion, halving, fine-tuning over long documents."""
