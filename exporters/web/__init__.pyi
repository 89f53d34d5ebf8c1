from .export import WebReport as WebReport, export_web as export_web
