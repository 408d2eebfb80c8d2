"""Bytes out, bytes in; knows no provider. The only package that may import requests, urllib3 and sseclient."""
